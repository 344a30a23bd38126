/** What this library can do, in zeromq.js's terms. */

/** The libzmq version whose behaviour this library follows; programs compare it with versions of libzmq. */
export const version = "4.3.5";

/** Optional features; false for those that are absent. */
export const capability: Readonly<
  Record<"ipc" | "pgm" | "tipc" | "norm" | "curve" | "gssapi" | "draft", boolean>
> = {
  ipc: process.platform !== "win32",
  pgm: false,
  tipc: false,
  norm: false,
  curve: false,
  gssapi: false,
  draft: false,
};
