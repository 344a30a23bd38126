/** The names of zeromq.js 6 and one more: `qzmq`. */
export * as qzmq from "./qzmq.ts";
export * from "./sockets.ts";
