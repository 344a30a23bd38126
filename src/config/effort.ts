/**
 * What YAML text can cost at most, told from the text alone. The package `yaml` parses by recursion: a few kilobytes of
 * brackets exhaust its stack, and then a regular expression that it compiles can end the whole process. And it takes up
 * to 20 microseconds for each sign that means something, in which a tunnel that reloads stands still.
 */
import { syntaxFault } from "./report.ts";
import type { Lines } from "./tree.ts";

/** Far above what a configuration needs, far below what the parser's stack holds. */
const MAX_STEPS = 200;
/** Twice what 256 links with every key have; the package is done with them within a second. */
const MAX_SIGNS = 32_768;

const LINE_FEED = 0x0a;
const BLANKS = [0x20, 0x09, 0x0d, LINE_FEED];
const INDICATORS = [..."-?:"].map((sign) => sign.charCodeAt(0));
const OPENING = [..."[{"].map((sign) => sign.charCodeAt(0));
const CLOSING = [..."]}"].map((sign) => sign.charCodeAt(0));
const COMMA = ",".charCodeAt(0);
/** Those that make a token, or a fault that is reported, wherever they stand. */
const SIGNS = new Set([..."\n[]{},\"'\\#&*!|>%@`"].map((sign) => sign.charCodeAt(0)));

/**
 * Throws a `SyntaxFault` for text of over {@link MAX_SIGNS} signs, and for what could nest over {@link MAX_STEPS} deep. Each open bracket, each column that a
 * line is indented by, and each of `- `, `? ` and `: ` in it is one step; quotes and comments count like the rest.
 */
export function boundEffort(text: string, lines: Lines): void {
  let open = 0;
  let steps = 0;
  let signs = 0;
  let indented = true;
  for (let i = 0; i < text.length; i++) {
    const sign = text.charCodeAt(i);
    const separates = INDICATORS.includes(sign) && endsWord(text, i);
    if (separates || SIGNS.has(sign)) signs++;
    if (signs > MAX_SIGNS) {
      throw syntaxFault(
        lines.place(i),
        `over ${MAX_SIGNS} signs of YAML`,
        "use more files, or write it as JSON",
      );
    }
    if (sign === LINE_FEED) {
      steps = 0;
      indented = true;
      continue;
    }
    if (indented && BLANKS.includes(sign)) steps++;
    else indented = false;
    if (OPENING.includes(sign)) open++;
    else if (CLOSING.includes(sign)) open = Math.max(0, open - 1);
    else if (sign === COMMA && open > 0) steps = 0;
    else if (separates) steps++;
    if (open + steps > MAX_STEPS) {
      throw syntaxFault(lines.place(i), `could be nested deeper than ${MAX_STEPS}`, "write it flatter");
    }
  }
}

function endsWord(text: string, at: number): boolean {
  return at + 1 === text.length || BLANKS.includes(text.charCodeAt(at + 1));
}
