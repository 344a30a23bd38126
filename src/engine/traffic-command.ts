/** Commands between messages: which of them may come at all. */
import { PeerError } from "../errors.ts";
import { type Command, decodeCommand, errorReason } from "../wire/command.ts";

/**
 * A command during traffic. Unknown ones are for the caller to ignore, as libzmq does. Throws {@link PeerError} for a
 * malformed one, for ERROR, and for names that the mechanism reserves for its handshake.
 */
export function trafficCommand(body: Buffer, reserved: ReadonlySet<string> | undefined): Command {
  const command = decodeCommand(body);
  if (reserved?.has(command.name)) {
    throw new PeerError(
      "ERR_ZMTP_UNEXPECTED_COMMAND",
      "A command of the handshake in the stream of messages",
    );
  }
  if (command.name === "ERROR") {
    const reason = errorReason(command.data);
    throw new PeerError("ERR_ZMTP_PEER_ERROR", `The peer reports an error: ${reason}`, { reason });
  }
  return command;
}
