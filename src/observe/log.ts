/**
 * The log of a service: one line for each event, typed by the table in log-events.ts. Of one kind of event on one link
 * only so many lines are written in a time; the rest is counted and told in one line, so that no peer floods the log.
 */
import { unixTime } from "../net/clock.ts";
import { LOG_EVENTS, LOG_LEVELS, type LogEvent, type LogFields, type LogLevel } from "./log-events.ts";
import { type FieldValue, jsonLine, textLine } from "./log-line.ts";

/** Settings of {@link Log}. */
export interface LogOptions {
  /** Takes each line, its line feed included. Must not throw. */
  readonly sink: (line: string) => void;
  /** The least grave level to write; default `info`. */
  readonly level?: LogLevel;
  /** `json` (default), or `text` for people. */
  readonly form?: "json" | "text";
  /** So many lines of one kind; default 20. */
  readonly burst?: number;
  /** In so many milliseconds, counted from the first; default 10 000. */
  readonly window?: number;
  /** Unix time in milliseconds. */
  readonly now?: () => number;
}

/** Lines of one kind since its window opened. */
interface Window {
  written: number;
  suppressed: number;
  readonly event: LogEvent;
  readonly link: string;
  readonly timer: NodeJS.Timeout;
}

/** See the head of this file. */
export class Log {
  /** The least grave level that is written; may be changed. */
  level: LogLevel;
  readonly #sink: (line: string) => void;
  readonly #lineOf: typeof jsonLine;
  readonly #burst: number;
  readonly #window: number;
  readonly #now: () => number;
  /** By event and link: as many as there are kinds of events and configured links, at most. */
  readonly #windows = new Map<string, Window>();

  constructor(options: LogOptions) {
    this.level = options.level ?? "info";
    this.#sink = options.sink;
    this.#lineOf = options.form === "text" ? textLine : jsonLine;
    this.#burst = options.burst ?? 20;
    this.#window = options.window ?? 10_000;
    this.#now = options.now ?? unixTime;
  }

  /** Writes an event, if its level is wanted and its kind is not too frequent. */
  write<E extends LogEvent>(event: E, fields: LogFields<E>): void {
    if (LOG_LEVELS.indexOf(LOG_EVENTS[event].level) > LOG_LEVELS.indexOf(this.level)) return;
    if (this.#admits(event, "link" in fields ? String(fields.link) : "")) this.#put(event, fields);
  }

  /** Tells what has been suppressed so far, and lets go of timers. The log can still be written to. */
  close(): void {
    for (const key of [...this.#windows.keys()]) this.#end(key);
  }

  #admits(event: LogEvent, link: string): boolean {
    const key = `${event} ${link}`;
    let window = this.#windows.get(key);
    if (window === undefined) {
      const timer = setTimeout(() => this.#end(key), this.#window).unref();
      window = { event, link, written: 0, suppressed: 0, timer };
      this.#windows.set(key, window);
    }
    if (window.written < this.#burst) window.written++;
    else window.suppressed++;
    return window.suppressed === 0;
  }

  #end(key: string): void {
    const { event, link, suppressed, timer } = this.#windows.get(key)!;
    clearTimeout(timer);
    this.#windows.delete(key);
    if (suppressed > 0) this.#put("log.suppressed", { of: event, link, count: suppressed });
  }

  /** By the table and not by the object: what else it carries stays out. */
  #put<E extends LogEvent>(event: E, fields: LogFields<E>): void {
    const { level, fields: names } = LOG_EVENTS[event];
    const values = fields as Readonly<Record<string, FieldValue>>;
    const entries = Object.keys(names).map((name) => [name, values[name]!] as const);
    this.#sink(this.#lineOf({ time: this.#now(), level, event, fields: entries }));
  }
}
