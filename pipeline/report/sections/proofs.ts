/** The proofs: what each one states, its public signals in full, and what it cost to make and to check. */
import { mark } from "../assurance.ts";
import type { ProofFacts, ReportData } from "../data.ts";
import { counted, duration, grouped } from "../format.ts";
import { type Html, html } from "../html.ts";
import { dataTable, details, facts, hash, section } from "./parts.ts";

const STATEMENT: Readonly<Record<ProofFacts["circuit"], string>> = {
  inference:
    "These receipts hash to this root. Each answer is a class with the highest score under the committed weights, the " +
    "fee-weighted questions were added to the running sum without change, and the fees add up to this total.",
  adjoint:
    "The committed solution Y solves (A + λI) Y = 2ᵀ Q for the committed moments and questions, up to a remainder within " +
    "the allowed range.",
  weights: "Each weight is max(0, ⟨G, Y⟩) for the contributor's committed gradient G and the committed Y.",
  samples: "The records behind a batch root are well formed, and give these values at the random point.",
  contributors: "The committed gradients take these values at the random point.",
  model:
    "The committed weights, remainder and moments take these values at the random point and are in range.",
  duplicate: "Two registered batches hold a sample with one and the same content digest.",
  inclusion: "A disputed receipt is in a batch of its epoch.",
};

/** A summary table, then each proof. */
export function proofsSection({ proofs, run }: ReportData): Html {
  const seconds = proofs.reduce((sum, proof) => sum + proof.seconds, 0);
  const gas = proofs.reduce((sum, proof) => sum + proof.verifyGas, 0);
  return section(
    "proofs",
    "Proofs",
    html`${counted(proofs.length, "Groth16 proof", "Groth16 proofs")} over BN254, made in ${duration(seconds)} of proving time and
checked by the contract. ${run.keys === "local" ? html`<strong>The keys are local development keys</strong>, which only a local development chain accepts.` : "The keys come from a ceremony."}`,
    [
      dataTable(
        "Proofs at a glance",
        [
          { title: "Proof" },
          { title: "Word" },
          { title: "Rows", numeric: true },
          { title: "Proving time", numeric: true },
          { title: "Gas to check", numeric: true },
        ],
        proofs.map((proof) => [
          nameOf(proof),
          mark("proven"),
          grouped(proof.rows),
          duration(proof.seconds),
          grouped(proof.verifyGas),
        ]),
        ["Together", "", "", duration(seconds), grouped(gas)],
      ),
      proofs.map(oneProof),
    ],
  );
}

function nameOf(proof: ProofFacts): string {
  return `${proof.circuit} ${proof.index}`;
}

function oneProof(proof: ProofFacts): Html {
  return html`
<article class="proof" aria-label="Proof ${nameOf(proof)}">
<h3>${nameOf(proof)}</h3>
<p>${STATEMENT[proof.circuit]}</p>
${details(
  html`${counted(proof.publicSignals.length, "public signal", "public signals")}, transaction and keys`,
  [
    facts([
      ["Transaction", hash(proof.txHash)],
      proof.circuitHash === undefined ? undefined : ["Circuit, SHA-256", hash(proof.circuitHash)],
      proof.vkeyHash === undefined ? undefined : ["Verifying key, SHA-256", hash(proof.vkeyHash)],
    ]),
    dataTable(
      `Public signals of ${nameOf(proof)}`,
      [{ title: "Signal" }, { title: "Value" }],
      proof.publicSignals.map((signal) => [signal.name, hash(signal.value)]),
    ),
  ],
)}
</article>`;
}
