/** Randomness of the operating system, for those who need no other primitive. */
import { randomBytes } from "node:crypto";
import { plain } from "./node-bytes.ts";
import type { Random } from "./provider.ts";

/** The {@link Random} of every provider that draws natively. */
export const random: Random = (length) => plain(randomBytes(length));
