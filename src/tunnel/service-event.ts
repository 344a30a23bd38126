/** What a service reports, and how it fails. */
import type { LinkConfiguration } from "../config/configuration.ts";
import type { Problem } from "../config/report.ts";
import type { LinkEvent } from "./link-event.ts";

/** What a service has to report beside what its links do. */
export type ServiceEvent =
  | { readonly type: "link"; readonly link: string; readonly event: LinkEvent }
  /** `listen` with wildcards resolved. */
  | { readonly type: "started"; readonly configuration: LinkConfiguration; readonly listen: string }
  | { readonly type: "stopped"; readonly link: string }
  /** At a reload: the others go on. */
  | { readonly type: "start:failed"; readonly link: string; readonly error: LinkFault }
  /** Files of trust have changed and cannot be used; what they said before still holds. */
  | { readonly type: "trust:failed"; readonly link: string; readonly error: Error }
  | { readonly type: "warning"; readonly problem: Problem };

/** Keys, certificates or trust of a configuration cannot be used. */
export class MaterialsFault extends Error {
  override readonly name = "MaterialsFault";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems[0]!.message);
    this.problems = problems;
  }
}

/** A link that cannot listen. */
export class LinkFault extends Error {
  override readonly name = "LinkFault";
  readonly link: string;
  /** The endpoint that it was to listen on. */
  readonly address: string;

  constructor(link: string, address: string, cause: unknown) {
    super(`link ${link}: ${address}: ${(cause as Error).message}`, { cause });
    this.link = link;
    this.address = address;
  }
}
