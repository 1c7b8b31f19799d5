/** Minor versions of Better Auth, oldest first. */
const MINORS = ["1.3", "1.4", "1.5", "1.6", "1.7"];

export const ALL = MINORS;

export const from = (minor) => MINORS.slice(MINORS.indexOf(minor));

export const until = (minor) => MINORS.slice(0, MINORS.indexOf(minor) + 1);
