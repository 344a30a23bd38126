/** What is answered to each request, and to whom: never to a page of another site whose name was pointed at us. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServiceStatus } from "./status.ts";

/** What the answers are made from; see `StatusServerOptions`. */
export interface AnswersOptions {
  readonly hosts: readonly string[];
  readonly status: () => ServiceStatus;
  readonly metrics: () => string;
  readonly ready: () => readonly string[];
  readonly onError?: (error: unknown) => void;
}

/** See the head of this file. */
export class Answers {
  readonly #options: AnswersOptions;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  answer(_request: IncomingMessage, response: ServerResponse): void {
    response.end(JSON.stringify(this.#options.status()));
  }
}
