/**
 * A tunnel at work: the links of a configuration. A new configuration is taken over link by link: those whose settings
 * did not change are not touched, and when it cannot be used as a whole the former one goes on.
 */
import { type Configuration, type LinkConfiguration, sameLink } from "../config/configuration.ts";
import { UsageError } from "../errors.ts";
import type { Identity } from "../mechanism/qzmq/identity.ts";
import { unixTime } from "../net/clock.ts";
import { Environment } from "../net/environment.ts";
import type { LinkSource } from "../observe/service-metrics.ts";
import type { LinkStatus } from "../observe/status.ts";
import { type AskPassphrase, LoadedIdentities } from "./identities.ts";
import { Link } from "./link.ts";
import type { LinkEvent } from "./link-event.ts";
import type { LinkSettings } from "./link-settings.ts";
import { loadMaterials } from "./materials.ts";
import { type LinkSecurity, securityOf } from "./security-of-link.ts";
import { LinkFault, MaterialsFault, type ServiceEvent } from "./service-event.ts";

/** What a service uses of a link, and how it makes one. */
export type LinkMaker = (
  settings: LinkSettings,
  environment: Environment,
  onEvent: (event: LinkEvent) => void,
) => Pick<Link, "start" | "status" | "close">;

/** What a service needs from outside. */
export interface ServiceOptions {
  readonly ask: AskPassphrase;
  readonly onEvent: (event: ServiceEvent) => void;
  /** How long what is under way may take when a link ends, milliseconds. */
  readonly linger: number;
  /** Whether the links log their secrets (spec/operation/keylog.md); default false. */
  readonly keyLog?: boolean;
  readonly makeLink?: LinkMaker;
}

interface Running extends LinkSecurity {
  readonly configuration: LinkConfiguration;
  readonly link: ReturnType<LinkMaker>;
}

/** Which links a reload leaves alone, ends and starts, by name. */
export interface Changes {
  readonly kept: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** Of those to be started, which could not listen. */
  readonly failed: readonly string[];
}

/** See the head of this file. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #environment = new Environment();
  readonly #running = new Map<string, Running>();
  /** Links that could not listen at a reload, and why. */
  readonly #failed = new Map<
    string,
    { readonly configuration: LinkConfiguration; readonly error: LinkFault }
  >();
  /** What is shown, in this order: also while a reload ends one link and has not started its successor. */
  #links: readonly LinkConfiguration[] = [];
  #identities = new LoadedIdentities(null);
  /** Starting, reloading and closing wait for each other. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** All links, in the order of the configuration; those that could not listen, or do not yet, too. */
  status(): LinkStatus[] {
    return this.#links.map((link) => {
      const failed = this.#failed.get(link.name);
      if (failed !== undefined) return statusOfFailed(failed.configuration, failed.error);
      return this.#running.get(link.name)?.link.status() ?? statusOfIdle(link, "not running", "");
    });
  }

  /** All links, for metrics; those that could not listen too. */
  sources(): LinkSource[] {
    const running = [...this.#running.values()].map(({ link, security }) => ({
      status: link.status(),
      security,
    }));
    const failed = [...this.#failed.values()].map(({ configuration, error }) => ({
      status: statusOfFailed(configuration, error),
      security: null,
    }));
    return [...running, ...failed];
  }

  /**
   * Starts all links. Rejects with {@link MaterialsFault} or {@link LinkFault}, and then none runs.
   */
  start(configuration: Configuration): Promise<void> {
    return this.#inTurn(async () => {
      await this.#adopt(configuration, async (links) => {
        this.#links = links;
        try {
          for (const link of links) if (!this.#closed) await this.#start(link);
        } catch (error) {
          await Promise.all([...this.#running.keys()].map((name) => this.#stop(name, 0)));
          throw error;
        }
      });
    });
  }

  /**
   * Takes over a new configuration. Rejects with {@link MaterialsFault}, and then the former one goes on. A link that
   * cannot listen is reported and tried again at the next reload. Changes nothing once `close` was called.
   */
  async reload(configuration: Configuration): Promise<Changes> {
    const nothing = { kept: [], changed: [], removed: [], added: [], failed: [] };
    const step = () => this.#adopt(configuration, (links, former) => this.#replace(links, former));
    return (await this.#inTurn(step)) ?? nothing;
  }

  /** Ends all links, each within `linger` milliseconds (-1 no limit). May be called again, such as with 0. */
  async close(linger: number): Promise<void> {
    this.#closed = true;
    const all = [...this.#running.values()].map(({ link }) => link.close(linger));
    await Promise.all(all);
    await this.#inTurn(async () => {
      await Promise.all([...this.#running.keys()].map((name) => this.#stop(name, linger)));
      this.#links = [];
      this.#identities.dispose();
      this.#identities = new LoadedIdentities(null);
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(step);
    // Whoever asked hears of a failure; the next step begins all the same.
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Reads what the links need, and goes over to it when `step` succeeds; does neither once closed, and gives `null`. */
  async #adopt<T>(
    configuration: Configuration,
    step: (links: readonly LinkConfiguration[], former: LoadedIdentities) => Promise<T>,
  ): Promise<T | null> {
    if (this.#closed) return null;
    const { ask } = this.#options;
    const former = this.#identities;
    const { links } = configuration;
    const materials = await loadMaterials(configuration, former, ask, Math.floor(unixTime() / 1000));
    const { identities, problems } = materials;
    if (problems.length > 0) {
      identities.dispose(former);
      throw new MaterialsFault(problems);
    }
    if (this.#closed) {
      identities.dispose(former);
      return null;
    }
    for (const problem of materials.warnings) this.#options.onEvent({ type: "warning", problem });
    this.#identities = identities;
    try {
      return await step(links, former);
    } finally {
      former.dispose(this.#identities);
    }
  }

  async #start(configuration: LinkConfiguration): Promise<void> {
    const { name, listen } = configuration;
    const { onEvent, makeLink = (...args) => new Link(...args) } = this.#options;
    const made = this.#securityOf(configuration);
    const { security } = made;
    const { side, connect, phase, old, limits } = configuration;
    const settings = { name, side, listen, connect, security, phase, old, limits };
    let link: Running["link"];
    try {
      link = makeLink(settings, this.#environment, (event) => onEvent({ type: "link", link: name, event }));
      await link.start();
    } catch (error) {
      disposeOf(made);
      throw new LinkFault(name, (error as { address?: string }).address ?? listen, error);
    }
    this.#running.set(name, { configuration, link, ...made });
    onEvent({ type: "started", configuration, listen: link.status().listen });
  }

  /** Files may have changed since they were checked: such a fault is the link's alone. */
  #securityOf(configuration: LinkConfiguration): LinkSecurity {
    const { name: link, listen } = configuration;
    const { onEvent, keyLog = false } = this.#options;
    const onTrustError = (error: Error) => onEvent({ type: "trust:failed", link, error });
    try {
      return securityOf(configuration, this.#identityOf(configuration), onTrustError, keyLog);
    } catch (error) {
      throw new LinkFault(link, listen, error);
    }
  }

  /** The newest that there is: a link that is about to end may be in no configuration any more. */
  #identityOf({ identity }: LinkConfiguration): () => Identity {
    let last: Identity | undefined;
    return () => {
      last = this.#identities.find(identity!) ?? last;
      return last!;
    };
  }

  /** A session resumed with a ticket goes by the certificates of the one before: servers would not see new ones. */
  #forgetIfRenewed({ configuration, tickets }: Running, former: LoadedIdentities): void {
    const { identity } = configuration;
    if (identity === null || tickets === null) return;
    const chainIn = (identities: LoadedIdentities) =>
      identities.find(identity)?.chain.map(({ encoded }) => Buffer.from(encoded).toString("hex"));
    if (String(chainIn(former)) !== String(chainIn(this.#identities))) tickets.dispose();
  }

  /** Ends connections of peers that the files of trust refuse by now. */
  #recheck({ configuration: { name: link }, security }: Running): void {
    try {
      security.recheck();
    } catch (error) {
      // The files were fit a moment ago: somebody is still writing.
      if (!(error instanceof UsageError) && !(error instanceof RangeError)) throw error;
      this.#options.onEvent({ type: "trust:failed", link, error });
    }
  }

  async #stop(name: string, linger: number): Promise<void> {
    const running = this.#running.get(name)!;
    await running.link.close(linger);
    disposeOf(running);
    this.#running.delete(name);
    this.#options.onEvent({ type: "stopped", link: name });
  }

  async #replace(links: readonly LinkConfiguration[], former: LoadedIdentities): Promise<Changes> {
    const { linger, onEvent } = this.#options;
    const next = new Map(links.map((link) => [link.name, link]));
    const changes = { kept: [], changed: [], removed: [], added: [], failed: [] } as Record<
      keyof Changes,
      string[]
    >;
    for (const [name, { configuration }] of this.#running) {
      const link = next.get(name);
      const what = link === undefined ? "removed" : sameLink(link, configuration) ? "kept" : "changed";
      changes[what].push(name);
    }
    // All that end do so at once, and before any other begins: an endpoint may go from one to another.
    await Promise.all([...changes.removed, ...changes.changed].map((name) => this.#stop(name, linger)));
    for (const name of changes.kept) {
      const kept = this.#running.get(name)!;
      this.#forgetIfRenewed(kept, former);
      this.#recheck(kept);
    }
    this.#failed.clear();
    this.#links = links;
    for (const link of links) {
      if (this.#closed || changes.kept.includes(link.name)) continue;
      if (!changes.changed.includes(link.name)) changes.added.push(link.name);
      try {
        await this.#start(link);
      } catch (error) {
        if (!(error instanceof LinkFault)) throw error;
        this.#failed.set(link.name, { configuration: link, error });
        changes.failed.push(link.name);
        onEvent({ type: "start:failed", link: link.name, error });
      }
    }
    return changes;
  }
}

function disposeOf({ security, tickets }: LinkSecurity): void {
  security.dispose();
  tickets?.dispose();
}

function statusOfFailed(link: LinkConfiguration, error: LinkFault): LinkStatus {
  return statusOfIdle(link, "not listening", error.message);
}

function statusOfIdle(link: LinkConfiguration, state: string, lastError: string): LinkStatus {
  const { name, side, listen, connect, phase, old } = link;
  return {
    ...{ name, side, listen, connect, phase, state, accepts: "nothing" },
    ...{
      oldListen: old?.listen ?? null,
      connections: [],
      opened: 0,
      failed: 0,
      refused: 0,
      oldAccepted: 0,
      oldOpen: 0,
      oldRefused: 0,
    },
    ...{ messagesOut: 0, messagesIn: 0, bytesOut: 0, bytesIn: 0 },
    lastError,
  };
}
