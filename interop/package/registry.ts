/**
 * A package registry on the loopback interface with this package, its dependencies and the optional `yaml`, packed from
 * the checkout. With it `npm install qzmq` is the users' own command, and needs no network.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

/** One package as `npm pack --json` tells of it. */
interface Packed {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
  readonly integrity: string;
  readonly shasum: string;
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** A running registry. */
export interface Registry {
  readonly url: string;
  /** Paths that were asked for and are not there. */
  readonly missed: readonly string[];
  close(): void;
}

/** Packs the checkout at `root` and what it serves beside it into `folder`, and serves them. */
export async function startRegistry(root: string, folder: string): Promise<Registry> {
  const manifestOf = (directory: string) =>
    JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
  const names = [...Object.keys(manifestOf(root).dependencies), "yaml"];
  const directories = [root, ...names.map((name) => join(root, "node_modules", name))];
  // No scripts: `prepack` would rebuild dist/ under the tests that run from it.
  const options = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const { stdout } = await promisify(execFile)("npm", [...options, ...directories], { cwd: root });
  const packed = JSON.parse(stdout) as Packed[];

  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const documents = packed.map(({ name, version, filename, integrity, shasum }, i) => {
    const dist = { tarball: `${url}/${filename}`, integrity, shasum };
    const versions = { [version]: { ...manifestOf(directories[i]!), name, version, dist } };
    return [`/${name}`, JSON.stringify({ name, "dist-tags": { latest: version }, versions })] as const;
  });
  const answers = new Map<string, string | Buffer>([
    ...documents,
    ...packed.map(({ filename }) => [`/${filename}`, readFileSync(join(folder, filename))] as const),
  ]);
  const missed: string[] = [];
  server.on("request", ({ url: path }, response) => {
    const answer = answers.get(decodeURIComponent(path ?? ""));
    if (answer === undefined) missed.push(path ?? "");
    response.writeHead(answer === undefined ? 404 : 200).end(answer ?? "{}");
  });
  return {
    url,
    missed,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
