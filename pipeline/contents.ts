/**
 * Contents that the project keeps, so that an answer can be explained with what taught it: those of every
 * recorded batch, in the order of its leaves. Questions are kept with their receipts (receipt-store.ts).
 *
 * They are private (the contributors' and the payers'), so they stay in the operator's project folder, and
 * nothing that is published is made from them but what an explanation shows. A project without them works;
 * explanations then show numbers only.
 */
import type { Corpus } from "./corpus/corpus.ts";
import type { Project } from "./project.ts";

/** How contents are shown: as grey pictures, as text, or only as their size. */
export type ContentKind =
  | { readonly kind: "picture"; readonly height: number; readonly width: number }
  | { readonly kind: "text" }
  | { readonly kind: "bytes" };

type Kept = { readonly contents: readonly Uint8Array[] };

const batchName = (root: bigint): string => `contents/${root.toString(16).padStart(64, "0")}`;
const questionName = (modelId: string, epoch: number, sequence: number): string =>
  `questions/${modelId.slice(2, 18)}-${epoch}-${sequence}`;

/** What kind of contents a corpus holds: texts say so, pictures have a shape. */
export function contentKind({ shape, text }: Pick<Corpus, "shape" | "text">): ContentKind {
  if (text === true) return { kind: "text" };
  const [height = 0, width = 0, ...more] = shape;
  if (height > 1 && width > 1 && more.length === 0) return { kind: "picture", height, width };
  return { kind: "bytes" };
}

/** Keeps the kind of the contents that the model learned from. */
export function keepContentKind(project: Project, kind: ContentKind): void {
  project.writeState("content-kind", kind);
}

/** The kind of the project's contents; bytes where it is not known. */
export function contentKindOf(project: Project): ContentKind {
  return project.readState<ContentKind>("content-kind") ?? { kind: "bytes" };
}

/** Keeps the contents behind a batch's root, in the order of its leaves. */
export function keepContents(project: Project, root: bigint, contents: readonly Uint8Array[]): void {
  project.writeState(batchName(root), { contents });
}

/** The contents behind a root, or undefined where the project has not kept them. */
export function contentsOf(project: Project, root: bigint): readonly Uint8Array[] | undefined {
  return project.readState<Kept>(batchName(root))?.contents;
}

/** The content of a question as earlier versions kept it, or undefined. */
export function questionFile(
  project: Project,
  {
    modelId,
    epoch,
    sequence,
  }: { readonly modelId: string; readonly epoch: number; readonly sequence: number },
): Uint8Array | undefined {
  return project.readState<Kept>(questionName(modelId, epoch, sequence))?.contents[0];
}
