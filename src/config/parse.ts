/** From the text of a file to a {@link Configuration}, or to all that is wrong with it. Touches no file itself. */
import type { Configuration } from "./configuration.ts";
import { isLoopback } from "./hosts.ts";
import { readJson } from "./json.ts";
import { linkOf } from "./links.ts";
import { commonPolicy, NO_POLICY } from "./policy.ts";
import { MAX_PROBLEMS, type Problem, Report, SyntaxFault } from "./report.ts";
import { ROOT, type RootReading } from "./schema.ts";
import { checkTogether } from "./together.ts";
import { MAX_FILE, type Place, type Tree } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** What a text comes to: `configuration` is `null` exactly when there are problems. */
export type Parsed =
  | { readonly configuration: Configuration; readonly problems: readonly [] }
  | { readonly configuration: null; readonly problems: readonly Problem[] };

/** Where the text comes from. */
export interface Source {
  /** The file's name: `.json` is JSON, `.yaml` and `.yml` are YAML; otherwise text that begins with `{` is JSON. */
  readonly file: string;
  /** Absolute folder that relative paths start at. */
  readonly folder: string;
}

const START: Place = { line: 1, column: 1 };

/** Never rejects for what is in the text. */
export async function parseConfiguration(text: string, source: Source): Promise<Parsed> {
  try {
    return check(await treeOf(text.replace(/^\uFEFF/, ""), source.file), source.folder);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return { configuration: null, problems: error.problems.slice(0, MAX_PROBLEMS) };
  }
}

async function treeOf(text: string, file: string): Promise<Tree> {
  if (text.length > MAX_FILE) {
    const message = `longer than ${MAX_FILE} characters`;
    throw new SyntaxFault([{ ...START, path: "", message, mend: "see that it is the right file" }]);
  }
  const json = /\.json$/i.test(file) || (!/\.ya?ml$/i.test(file) && /^\s*\{/.test(text));
  return json ? readJson(text) : readYaml(text);
}

function check(tree: Tree, folder: string): Parsed {
  const report = new Report();
  const root = ROOT.read(tree, "", report);
  const configuration = root === undefined ? null : configurationOf(root, folder, report);
  const { problems } = report;
  if (configuration === null || problems.length > 0) return { configuration: null, problems };
  return { configuration, problems: [] };
}

function configurationOf(root: RootReading, folder: string, report: Report): Configuration {
  const { crypto, qzmq, status, log, links } = root;
  if (crypto !== undefined && qzmq !== undefined) {
    report.add(qzmq, "qzmq and crypto mean the same, and both are there", "put all of it under crypto");
  }
  const section = crypto ?? qzmq;
  const policy = section === undefined ? NO_POLICY : commonPolicy(section.value, report);
  if ((links?.value.length ?? 0) === 0 && !report.spoils("links")) {
    report.add(
      { path: "links", place: links?.place ?? START },
      "links is missing: there is nothing to run",
      "add links: with a name, side, listen and connect for each",
    );
  }
  const readings = links?.value ?? [];
  const made = readings.flatMap((reading) => linkOf(reading, { root, policy, folder }, report) ?? []);
  const configuration = {
    links: made,
    status: statusOf(status, report),
    logLevel: log?.value.level?.value ?? "info",
  };
  checkTogether(configuration, report);
  return configuration;
}

function statusOf(status: RootReading["status"], report: Report): Configuration["status"] {
  if (status?.value.enabled?.value === false) return null;
  const { address, port, allow_remote, hosts } = status?.value ?? {};
  const host = address?.value ?? "127.0.0.1";
  if (!isLoopback(host) && allow_remote?.value !== true) {
    report.add(
      address!,
      `${JSON.stringify(host)} shows status and metrics to others on the network, unprotected`,
      "use 127.0.0.1; or add allow_remote: true below status if that network is your own",
    );
  }
  return {
    at: address ?? port ?? status ?? { path: "status", place: START },
    address: host,
    port: port?.value ?? 8080,
    hosts: (hosts?.value ?? []).map(({ value }) => value),
  };
}

/** A problem as one line for people; `file` as the user named it. */
export function showProblem(file: string, { line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}
