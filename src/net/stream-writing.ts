/** How octets leave by a stream socket, and how such a socket ends. */
import type { Socket } from "node:net";

/** How long a peer may take to close its half after we closed ours, in milliseconds. */
export const FIN_WAIT = 2000;

/** Writes the pieces as one. False when the socket wants no more until it drains. */
export function writePieces(socket: Socket, pieces: readonly Uint8Array[]): boolean {
  if (pieces.length === 1) return socket.write(pieces[0]!);
  let room = true;
  socket.cork();
  for (const piece of pieces) room = socket.write(piece);
  socket.uncork();
  return room;
}

/** Closes by FIN, so that what was written (an ERROR command) arrives, and cuts only if the peer does not follow. */
export function endGently(socket: Socket): void {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), FIN_WAIT);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
