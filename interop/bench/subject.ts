/** What is measured: libraries, each with a mechanism. */

/** A library with a mechanism; `libzmq` is our small C program on it. */
export interface Subject {
  readonly library: "qzmq" | "zeromq" | "libzmq";
  readonly mechanism: "null" | "qzmq" | "curve";
}

/** How a subject is called in tables and results, such as `zeromq/curve`. */
export type Label = `${Subject["library"]}/${Subject["mechanism"]}`;

export function label({ library, mechanism }: Subject): Label {
  return `${library}/${mechanism}`;
}

/** All of them, each plain one before its secured one. */
export const SUBJECTS: readonly Subject[] = [
  { library: "qzmq", mechanism: "null" },
  { library: "zeromq", mechanism: "null" },
  { library: "libzmq", mechanism: "null" },
  { library: "qzmq", mechanism: "qzmq" },
  { library: "zeromq", mechanism: "curve" },
  { library: "libzmq", mechanism: "curve" },
];
