// Where a figure was measured, in the same words as in the report of a run. Taken from its file rather than
// from the pipeline's index: the index brings every engine along, and those of a benchmark are loaded when it
// runs, not before.

export { describeCommit, describeMachine, type Machine, machineLine } from "../pipeline/report/machine.ts";
