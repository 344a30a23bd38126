/** What others chose, such as names and texts of peers and files, made fit for a line that people read. */

/** What can end a line, hide text, or turn its direction on a terminal: control, format and separator characters. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Escapes as JSON does; the escapes are valid in JSON strings, which is where such characters can be. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) =>
    [...Array(character.length).keys()]
      .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
