/** What the sockets of one context share: inproc names, the authorizer, the hold on the process, buffers, numbers. */
import { EngineMemory } from "../engine/memory.ts";
import type { Authorization } from "../mechanism/mechanism.ts";
import { Allocator } from "./allocator.ts";
import { DeferredTasks } from "./defer.ts";
import { InprocTable } from "./inproc.ts";
import { KeepAlive } from "./keep-alive.ts";
import { ReadBuffer } from "./read-buffer.ts";
import { sharedNumbers } from "./shared-memory.ts";
import { authorize, type ZapRequest } from "./zap.ts";

/** Made by a context, handed to its sockets' hubs. */
export class Environment {
  /** Holds the process alive while somebody waits. */
  readonly keepAlive = new KeepAlive();
  readonly inproc = new InprocTable();
  /** Memory for octets on their way in. */
  readonly readBuffer = new ReadBuffer();
  /** Memory for batches on their way out and records on their way in; where large blocks come from and go to. */
  readonly allocator = new Allocator();
  readonly memory = new EngineMemory((bytes) => this.allocator.free(bytes));
  /** Costly handshake work of all connections, in fair order. */
  readonly deferred = new DeferredTasks();
  /** Which of all that this process, with all its threads, has had. */
  readonly #number = Atomics.add(sharedNumbers("qzmq environments", [0]), 0, 1);
  #connections = 0;
  #requests = 0;

  /** A number that no other connection of this process ever has: QZMQ may serve sockets of several contexts. */
  nextConnectionId(): number {
    return this.#number * 2 ** 32 + ++this.#connections;
  }

  /** Asks the context's authorizer; see {@link authorize}. */
  authorize(request: ZapRequest, decided: (decision: Authorization) => void): () => void {
    return authorize(this.inproc, request, String(++this.#requests), decided);
  }
}
