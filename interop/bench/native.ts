/** Compiles the C peer, where there are libzmq's headers and a C compiler. */
import { spawnSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

/** The program, or why there is none. */
export type NativePeer = { readonly program: string } | { readonly absent: string };

/** Compiles the C sources below `root`, the checkout, into `dist`. */
export function compileNativePeer(root: string): NativePeer {
  const folder = join(root, "dist/interop/bench");
  const program = join(folder, "libzmq-peer");
  mkdirSync(folder, { recursive: true });
  const sources = ["libzmq-peer.c", "libzmq-crowds.c"].map((name) => join(root, "interop/bench", name));
  const flags = ["-O2", "-Wall", "-Wextra", "-Werror"];
  // Another process may be running the program: it is replaced as a whole, never written over.
  const fresh = `${program}-${process.pid}`;
  const compiled = spawnSync("cc", [...flags, "-o", fresh, ...sources, "-lzmq", "-lpthread"], {
    encoding: "utf8",
  });
  if (compiled.error !== undefined) return { absent: "no C compiler (cc)" };
  if (compiled.status === 0) {
    renameSync(fresh, program);
    return { program };
  }
  if (/zmq\.h|-lzmq/.test(compiled.stderr)) return { absent: "no libzmq to compile against (libzmq3-dev)" };
  // Anything else is a fault of the C program: not to be passed over.
  throw new Error(`the C peer: ${compiled.stderr}`);
}

/** Version of the libzmq that the C peer was linked with, such as `4.3.4`. */
export function nativeVersion(program: string): string {
  return spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim();
}
