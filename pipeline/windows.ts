/**
 * Windows of the contracts: voting, revealing, answering, withdrawing each take their time. On a local chain,
 * whose clock is moved by hand, a person may say that it is to be passed; elsewhere time passes by itself,
 * and the same command is run again.
 */
import { chainTime } from "./chain/client.ts";
import type { Session } from "./session.ts";

/**
 * Goes past a time on the chain's clock. Throws {@link WindowOpenError} where that is in the future and not
 * to be passed, or cannot be.
 */
export async function passUntil(
  session: Pick<Session, "chain">,
  until: bigint | number,
  what: string,
  travel: boolean,
): Promise<void> {
  const seconds = Number(until) + 1 - (await chainTime(session.chain));
  if (seconds <= 0) return;
  const local = session.chain.kind === "local";
  if (!local || !travel) throw new WindowOpenError(what, seconds, local);
  await session.chain.travel(seconds);
}

/** It is too early. */
export class WindowOpenError extends Error {
  override readonly name = "Window.Open";
  constructor(what: string, seconds: number, local: boolean) {
    const hours = (seconds / 3_600).toFixed(1);
    super(
      `${what} in ${seconds} seconds (${hours} hours). Run the same command again after that` +
        `${local ? ", or add --travel: this chain is local, and its clock is moved by hand" : ""}.`,
    );
  }
}
