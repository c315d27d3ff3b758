/** Markdown as `npm run format` leaves it. */

import { format } from "oxfmt";

/** Of .oxfmtrc.json. */
const PRINT_WIDTH = 100;

export const formatted = async (text: string): Promise<string> => {
  const { code, errors } = await format("page.md", text, { printWidth: PRINT_WIDTH });
  const [error] = errors;
  if (error !== undefined) throw new Error(error.message);
  return code;
};
