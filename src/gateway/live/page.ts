/** The page of a supervisor: one document without anything from elsewhere. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The content of its only element of this name; the policy below allows exactly these bytes. */
const inlineHash = (html: string, tag: "script" | "style"): string => {
  const [all, ...others] = [...html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))];
  if (all?.[1] === undefined || others.length > 0) throw new Error(`the page has no one <${tag}>`);
  return `'sha256-${createHash("sha256").update(all[1]).digest("base64")}'`;
};

export interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything on it is said by strangers, so it runs nothing and loads nothing but what is written here. */
export const loadPage = (): Page => {
  const html = readFileSync(new URL("./page.html", import.meta.url), "utf8");
  const policy = [
    "default-src 'none'",
    `script-src ${inlineHash(html, "script")}`,
    `style-src ${inlineHash(html, "style")}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    html,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
      "cache-control": "no-cache",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    },
  };
};
