/**
 * Which execution provider works on this machine: the best of CUDA, WebGPU and CPU that computes a small
 * graph, gets it right, and is no slower than the CPU by far.
 *
 * Each is tried in a process of its own. A provider is native code that may print, hang or end the process
 * when a driver is missing or wrong, and that must not happen to a program in the middle of its work. The
 * reasons why a better one was passed over are kept: "cpu" alone says nothing about what is missing.
 *
 * ONNX Runtime quietly falls back to the CPU for a provider that it does not know, so only known names pass.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Providers by preference. */
export const PROVIDERS = ["cuda", "webgpu", "cpu"] as const;

/** A provider that graphs may be run with. */
export type Provider = (typeof PROVIDERS)[number];

/** The provider that was chosen, and why the better ones were not. */
export type Choice = {
  readonly provider: Provider;
  readonly passedOver: ReadonlyArray<{ readonly provider: Provider; readonly reason: string }>;
};

const PROBE = fileURLToPath(new URL("./probe.ts", import.meta.url));
const PROBE_TIMEOUT_MS = 20_000;

let chosen: Promise<Choice> | undefined;

/** The best provider here. Looked for once a process; `QUITTANCE_PROVIDER` names one without looking. */
export function bestProvider(): Promise<Choice> {
  chosen ??= choose(process.env["QUITTANCE_PROVIDER"]);
  return chosen;
}

/**
 * Chooses a provider; `wanted` is taken unseen.
 * @throws ProviderUnknownError
 */
export async function choose(
  wanted: string | undefined,
  works: (provider: Provider) => Promise<string | undefined> = probe,
): Promise<Choice> {
  if (wanted !== undefined && wanted !== "" && wanted !== "auto") {
    return { provider: knownProvider(wanted), passedOver: [] };
  }
  const passedOver: Array<{ provider: Provider; reason: string }> = [];
  for (const provider of PROVIDERS) {
    if (provider === "cpu") break;
    const reason = await works(provider);
    if (reason === undefined) return { provider, passedOver };
    passedOver.push({ provider, reason });
  }
  return { provider: "cpu", passedOver };
}

/** Tries a provider in a process of its own; says what is wrong, or nothing when it works. */
export async function probe(provider: Provider): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(process.execPath, [PROBE, provider], { timeout: PROBE_TIMEOUT_MS }, (error, stdout) => {
      if (stdout.trim() === "works") resolve(undefined);
      else
        resolve(
          stdout.trim().split("\n")[0] || (error?.signal ? `it ended by ${error.signal}` : "no answer"),
        );
    });
  });
}

/**
 * The provider of this name. ONNX Runtime takes any name, and then computes on the CPU without saying so.
 * @throws ProviderUnknownError
 */
export function knownProvider(name: string): Provider {
  const known = PROVIDERS.find((provider) => provider === name);
  if (known === undefined) throw new ProviderUnknownError(name);
  return known;
}

/** One line about a choice, for people. */
export function choiceLine({ provider, passedOver }: Choice): string {
  const others = passedOver.map((one) => `${one.provider}: ${one.reason}`).join("; ");
  return others === "" ? provider : `${provider} (not ${others})`;
}

/** A provider's name that is none. */
export class ProviderUnknownError extends Error {
  override readonly name = "Provider.Unknown";
  constructor(wanted: string) {
    super(`There is no provider "${wanted}". Choose one of: auto, ${PROVIDERS.join(", ")}.`);
  }
}
