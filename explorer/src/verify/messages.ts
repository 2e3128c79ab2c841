/** What the page and its worker say to each other. */
import type { Check, CheckMark } from "../../../pipeline/browser.ts";

/** A file that somebody gave us. */
export type GivenFile = { readonly name: string; readonly bytes: Uint8Array };

/** What is to be checked. `keys` is the JSON of a document of verifying keys, and still to be checked. */
export type Task =
  | { readonly kind: "bundle"; readonly file: GivenFile; readonly keys: unknown }
  | {
      readonly kind: "receipt";
      readonly file: GivenFile;
      /** The content that was asked about, and the epoch that must list the receipt. */
      readonly content?: GivenFile;
      readonly bundle?: GivenFile;
    };

/** A line with its mark, which the worker gives it: the page itself holds nothing of the verifier's. */
export type MarkedCheck = Check & { readonly mark: CheckMark };

/** To the worker: `warm` has it load everything that it needs before it is cut off from the network. */
export type Request = { readonly run: number; readonly task: Task | { readonly kind: "warm" } };

/** What a file turned out to be about, in a few facts. */
export type Subject = readonly (readonly [name: string, value: string])[];

/** From the worker, about one run. */
export type Report =
  | { readonly run: number; readonly kind: "ready" }
  | { readonly run: number; readonly kind: "subject"; readonly subject: Subject; readonly insecure: boolean }
  | { readonly run: number; readonly kind: "check"; readonly check: MarkedCheck }
  | {
      readonly run: number;
      readonly kind: "proof";
      readonly name: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly run: number; readonly kind: "end"; readonly ok: boolean; readonly milliseconds: number }
  | { readonly run: number; readonly kind: "unreadable"; readonly message: string };
