/** A tunnel as a program runs it: the service with its log, its status and its metrics, and how it reloads. */
import type { Configuration, StatusSettings } from "../config/configuration.ts";
import { type Parsed, showProblem } from "../config/parse.ts";
import type { Problem } from "../config/report.ts";
import { unixTime } from "../net/clock.ts";
import { KEY_LOG_VARIABLE } from "../net/key-log-file.ts";
import { Log, type LogOptions } from "../observe/log.ts";
import { ServiceMetrics } from "../observe/service-metrics.ts";
import { type ServiceStatus, totalsOf, unreadiness } from "../observe/status.ts";
import { StatusServer } from "../observe/status-server.ts";
import { version } from "../qzmq.ts";
import { logService } from "./log-service.ts";
import { Service, type ServiceOptions } from "./service.ts";
import { MaterialsFault, type ServiceEvent } from "./service-event.ts";

/** What a daemon needs from outside. */
export interface DaemonOptions extends Omit<ServiceOptions, "onEvent"> {
  /** Path of the configuration, as the user named it. */
  readonly file: string;
  readonly log: Pick<LogOptions, "sink" | "form">;
}

/** Status and metrics cannot be served. */
export class StatusFault extends Error {
  override readonly name = "StatusFault";
  readonly settings: StatusSettings;

  constructor(settings: StatusSettings, cause: unknown) {
    super(`status ${settings.address} port ${settings.port}: ${(cause as Error).message}`, { cause });
    this.settings = settings;
  }
}

/** See the head of this file. One start, one close. */
export class Daemon {
  readonly #file: string;
  readonly #linger: number;
  readonly #keyLog: boolean;
  readonly #log: Log;
  readonly #service: Service;
  readonly #metrics = new ServiceMetrics();
  readonly #started = unixTime();
  #server: { readonly server: StatusServer; readonly settings: StatusSettings } | null = null;
  #loaded = 0;
  /** Why the last reload was refused. */
  #refused = "";
  /** The last reload. */
  #reloading: Promise<void> = Promise.resolve();
  /** It has not begun. */
  #reloadWaits = false;
  #closing = false;

  constructor({ file, log, ...service }: DaemonOptions) {
    this.#file = file;
    this.#linger = service.linger;
    this.#keyLog = service.keyLog ?? false;
    this.#log = new Log(log);
    this.#service = new Service({ ...service, onEvent: (event) => this.#hear(event) });
  }

  #hear(event: ServiceEvent): void {
    logService(this.#log, this.#file, event);
    if (event.type !== "started" || !this.#keyLog) return;
    this.#log.write("keylog.open", {
      link: event.configuration.name,
      file: process.env[KEY_LOG_VARIABLE] ?? "",
    });
  }

  /** Where status is served; "" when it is not. */
  get url(): string {
    return this.#server?.server.url ?? "";
  }

  /**
   * Starts links and status. Rejects with {@link MaterialsFault}, {@link LinkFault} or {@link StatusFault}; close it
   * then too.
   */
  async start(configuration: Configuration): Promise<void> {
    this.#log.level = configuration.logLevel;
    const { version: node } = process;
    this.#log.write("service.started", {
      ...{ version, node, pid: process.pid, configuration: this.#file, links: configuration.links.length },
    });
    await this.#service.start(configuration);
    if (configuration.status !== null && !this.#closing) await this.#serve(configuration.status);
    this.#loaded = unixTime();
  }

  /**
   * Takes over what `read` gives, or says in the log and the status why not and goes on as before. Those that are asked
   * for while one is under way are one, which comes after it: it reads what there is then. Never rejects.
   */
  reload(read: () => Promise<Parsed>): Promise<void> {
    if (this.#reloadWaits) return this.#reloading;
    this.#reloadWaits = true;
    this.#reloading = this.#reloading.then(() => {
      this.#reloadWaits = false;
      return this.#reload(read);
    });
    return this.#reloading;
  }

  async #reload(read: () => Promise<Parsed>): Promise<void> {
    if (this.#closing) return;
    try {
      const { configuration, problems } = await read();
      if (this.#closing) return;
      if (configuration === null) throw new MaterialsFault(problems);
      const { added, changed, removed, kept } = await this.#service.reload(configuration);
      this.#log.level = configuration.logLevel;
      this.#refused = "";
      this.#loaded = unixTime();
      this.#log.write("configuration.loaded", {
        file: this.#file,
        ...{ added: added.length, changed: changed.length, removed: removed.length, kept: kept.length },
      });
      await this.#serveAgain(configuration.status);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): void {
    const problems: readonly (Problem | string)[] =
      error instanceof MaterialsFault ? error.problems : [(error as Error).message];
    const lines = problems.map((problem) =>
      typeof problem === "string" ? problem : `${showProblem(this.#file, problem)}; ${problem.mend}`,
    );
    this.#refused = lines.join("\n");
    // One line for each, but for the last ones of many: the log lets only so many pass.
    for (const line of lines) this.#log.write("configuration.refused", { file: this.#file, error: line });
  }

  /** Ends everything: what is under way has `linger` milliseconds (-1 no limit). */
  async close(reason: string): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#log.write("service.stopping", { reason });
    await this.#service.close(this.#linger);
    await this.#reloading;
    await this.#server?.server.close();
    this.#metrics.close();
    this.#log.write("service.stopped", {});
    this.#log.close();
  }

  /** What `/qzmq/status` says. */
  status(): ServiceStatus {
    const links = this.#service.status();
    return {
      ...{ name: "qzmq tunnel", version, node: process.version, pid: process.pid, started: this.#started },
      configuration: { file: this.#file, loaded: this.#loaded, error: this.#refused },
      keyLog: this.#keyLog,
      links,
      totals: totalsOf(links),
    };
  }

  async #serve(settings: StatusSettings): Promise<void> {
    const { address, port, hosts } = settings;
    const server = new StatusServer({
      ...{ address, port, hosts },
      status: () => this.status(),
      metrics: () => this.#metrics.text(this.#service.sources()),
      ready: () => (this.#closing ? ["closing"] : unreadiness(this.#service.status())),
      onError: (error) => this.#log.write("status.failed", { error: String(error) }),
    });
    try {
      await server.start();
    } catch (error) {
      throw new StatusFault(settings, error);
    }
    // Nobody would close it any more.
    if (this.#closing) {
      await server.close();
      return;
    }
    this.#server = { server, settings };
    this.#log.write("status.listening", { url: server.url });
  }

  /** Moves only when the new place can be had; else the former one serves on. */
  async #serveAgain(settings: StatusSettings | null): Promise<void> {
    const former = this.#server;
    if (settings === null) {
      this.#server = null;
      await former?.server.close();
      return;
    }
    if (former !== null && isSame(former.settings, settings)) return;
    const { port = 0, url = "" } = former?.server ?? {};
    // An address may overlap with another one: whoever wants the same port has to wait until it is free.
    const inTheWay = former !== null && settings.port === port;
    if (inTheWay) await former.server.close();
    try {
      await this.#serve(settings);
    } catch (error) {
      const back = inTheWay ? await this.#serveAtLast({ ...former.settings, port }) : former !== null;
      const message = (error as Error).message;
      this.#log.write("status.failed", { error: back ? `${message}; ${url} serves on` : message });
      return;
    }
    if (!inTheWay) await former?.server.close();
  }

  /** False when it cannot be had any more, and then nothing is served. */
  async #serveAtLast(settings: StatusSettings): Promise<boolean> {
    try {
      await this.#serve(settings);
      return true;
    } catch (error) {
      this.#server = null;
      this.#log.write("status.failed", { error: (error as Error).message });
      return false;
    }
  }
}

function isSame(a: StatusSettings, b: StatusSettings): boolean {
  return a.address === b.address && a.port === b.port && a.hosts.join() === b.hosts.join();
}
