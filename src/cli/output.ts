/** Standard output with back-pressure, and an orderly end when its reader goes away. */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { Fault } from "./fault.ts";

/** The reader of standard output went away, as `head` does: a normal end. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** See the head of this file. */
export class Output {
  readonly #stream: Writable;
  readonly #gone = new AbortController();

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EPIPE" || error.code === "ECONNRESET" || error.code === "ERR_STREAM_DESTROYED"
          ? new ReaderGone()
          : new Fault("failed", `standard output: ${error.message}`, "see that its disk or pipe takes data");
      this.#gone.abort(reason);
    });
  }

  /** Fires when nothing more can be written; the reason is {@link ReaderGone} or a {@link Fault}. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when there is room for more. Rejects with the reason of {@link Output.gone}. */
  async write(data: string | Uint8Array): Promise<void> {
    this.#gone.signal.throwIfAborted();
    if (this.#stream.write(data)) return;
    await this.#orGone(once(this.#stream, "drain", { signal: this.#gone.signal }));
  }

  /** Resolves when everything is handed to the system. Rejects as {@link Output.write}. */
  async flush(): Promise<void> {
    this.#gone.signal.throwIfAborted();
    await this.#orGone(new Promise<void>((resolve) => this.#stream.write("", () => resolve())));
    this.#gone.signal.throwIfAborted();
  }

  async #orGone(step: Promise<unknown>): Promise<void> {
    try {
      await step;
    } catch (error) {
      // The stream's error event comes before or with the rejection.
      this.#gone.signal.throwIfAborted();
      throw error;
    }
  }
}
