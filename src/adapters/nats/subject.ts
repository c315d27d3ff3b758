/** Names that messages go by. */

/** What can be a subject, or a part of one, and nothing else: no wildcards, no spaces, no line ends. */
const SUBJECT = /^[\w-]+(\.[\w-]+)*$/;

export const isSubject = (text: string): boolean => SUBJECT.test(text);
