/**
 * Text from elsewhere, made safe to look at.
 *
 * A description or file name can hold escape sequences that repaint the terminal, carriage returns that overwrite a
 * line, and invisible or direction-changing characters that make a person read what is not there. Such characters are
 * shown by their code, `\u{1b}`, instead of being obeyed.
 */

/** Controls, formats (bidi, zero width, tags), separators, lone surrogates, and all that renders as nothing but emoji's selector. */
export const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\u{fe0f})\p{Default_Ignorable_Code_Point}/gu;

/** Most text; looking for the long list above takes ten times as long. */
const PLAIN = /^[\t\n -~]*$/;
const PLAIN_LINE = /^[ -~]*$/;

/** Whether a text is ASCII without controls but line feeds and tabs: nothing in it has to be made visible. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** Shows every invisible character as `\u{hex}`; line feeds and tabs stay. */
export function visible(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(INVISIBLE, (character) =>
    character === "\n" || character === "\t" ? character : codeOf(character),
  );
}

/** {@link visible} for text that must stay on its line: line feeds and tabs are shown by their codes too. */
export function visibleLine(text: string): string {
  return PLAIN_LINE.test(text) ? text : text.replaceAll(INVISIBLE, codeOf);
}

/** {@link visibleLine} of each; one look tells whether there is anything to do. */
export function visibleLines(texts: readonly string[]): readonly string[] {
  return PLAIN_LINE.test(texts.join("")) ? texts : texts.map(visibleLine);
}

/** User and password before a host, with a scheme as in a URL or without; and not the tag before a digest. */
const LOGIN = /(\/\/)[^\s/@]+@|^[^\s/@][^\s/@:]*:[^\s/@]+@(?!sha\d+:)/g;

/** Whether a text has a user and a password in it, as URLs may. */
export function holdsLogin(text: string): boolean {
  return text.search(LOGIN) >= 0;
}

/**
 * A value as messages cite it: in double quotes, on one line, without a password that stands before a host in it, and cut after
 * `limit` characters (200 unless told).
 */
export function quote(cited: string, limit = 200): string {
  const text = cited.replaceAll(LOGIN, "$1…@");
  const start = Array.from(text.slice(0, 2 * limit + 2));
  const isCut = start.length > limit;
  return `"${visibleLine(isCut ? start.slice(0, limit).join("") : text)}${isCut ? "…" : ""}"`;
}

function codeOf(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
