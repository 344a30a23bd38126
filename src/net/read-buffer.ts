/**
 * One read buffer for all connections of a context. Node would else allocate 64 KiB for every read; here octets are
 * read into the same memory again and again and what is kept of them is copied out by the frame decoder, which made
 * large messages 1.4 times as fast and idle connections cheap. The rest of a very large message is read to where it
 * belongs.
 */
import { connect, type NetConnectOpts, Socket } from "node:net";

/** Several records; the frames of one read are decoded together. */
const SIZE = 262_144;

/** Where the octets of a stream go. */
export interface ReadTarget {
  /** Octets came. `borrowed`: the chunk is written again after the call. */
  onData(chunk: Buffer, borrowed: boolean): void;
  /** Where the next octets are wanted; null: anywhere. */
  readonly space: Buffer | null;
  /** So many octets came into what `space` was after the last call. */
  onFilled(length: number): void;
}

/** A stream socket, and how to say where its octets go; before that it must not be read. */
export interface ReadableSocket {
  readonly socket: Socket;
  /** Starts to read. */
  read(target: ReadTarget): void;
}

/** What node:net keeps inside; absent in other runtimes. */
interface Handle {
  readStart?: unknown;
  readonly reading?: boolean;
}
interface SocketInside {
  _handle: Handle | null;
  _server?: unknown;
  server?: unknown;
}

/** See the head of this file. */
export class ReadBuffer {
  #buffer: Buffer | null = null;

  /** Opens a connection whose octets come through this buffer. */
  connect(options: NetConnectOpts): ReadableSocket {
    const onread = this.#onRead();
    const socket = connect({ ...options, onread: onread.options });
    return { socket, read: (target) => onread.start(target) };
  }

  /**
   * Takes over an accepted socket that has not been read from (`pauseOnConnect`). A server cannot be given a buffer
   * for its sockets, so the connection moves to a new socket object; where that is not possible the socket is read
   * the ordinary way.
   */
  adopt(accepted: Socket): ReadableSocket {
    const inside = accepted as unknown as SocketInside;
    if (typeof inside._handle?.readStart !== "function") {
      return {
        socket: accepted,
        read(target) {
          accepted.on("data", (chunk: Buffer) => target.onData(chunk, false));
          accepted.resume();
        },
      };
    }
    const onread = this.#onRead();
    const socket = new Socket({ handle: inside._handle, onread: onread.options } as object);
    const moved = socket as unknown as SocketInside;
    moved.server = inside.server;
    moved._server = inside._server;
    inside._handle = null;
    inside._server = null;
    return {
      socket,
      read(target) {
        onread.start(target);
        socket.resume();
        socket.read(0);
      },
    };
  }

  #onRead(): {
    readonly options: { buffer(): Buffer; callback(length: number, buffer: Uint8Array): boolean };
    start(target: ReadTarget): void;
  } {
    this.#buffer ??= Buffer.allocUnsafeSlow(SIZE);
    const shared = this.#buffer;
    let to: ReadTarget | null = null;
    let place = shared;
    return {
      options: {
        // Asked after each callback.
        buffer: () => place,
        callback: (length) => {
          if (place === shared) to?.onData(shared.subarray(0, length), true);
          else to?.onFilled(length);
          place = to?.space ?? shared;
          return true;
        },
      },
      start(target) {
        to = target;
      },
    };
  }
}
