pragma circom 2.1.0;

include "../lib/commit.circom";
include "../lib/coded-sample.circom";

/*
 * Samples for classes that have code words: one batch of training samples, and what it adds to its
 * contributor's gradient and to the Gram matrix. Proves
 *   1. commitV opens to v;
 *   2. each of the `records` records is well formed (CodedSample): int8 features, a class in range, and
 *      either weight 1 or weight 0 and no data;
 *   3. root is the sponge of the records' leaves, and count the number of those of weight 1;
 *   4. g = Σ_i h_i(ρ1)·(2^S·word_i(ρ2) − ⟨h_i, v⟩) and a = Σ_i h_i(ρ1)·h_i(ρ3), with the word of i's class.
 *
 * With v = W(·, ρ2), which `model` proves of the same commitV, g is the value of Σ_i h_i·e_iᵀ at (ρ1, ρ2) and
 * a that of Σ_i h_i·h_iᵀ at (ρ1, ρ3), in the field. The integers' sums are small (weights.circom and
 * `rangeProblems` have the bounds), so matrices that agree modulo p agree.
 *
 * A batch with fewer samples is padded with the null record. count <= records, far below p.
 *
 * NOTE: what Samples leaves to the verifier, this leaves too. The words are constants of the circuit, so the
 * verifying key stands for them. It is a template of its own because a profile without a code keeps the
 * circuit, and the keys, that it has.
 */
template CodedSamples(d, m, classes, words, records, scaleBits) {
    signal input rho[3]; // public; any field elements
    signal input commitV; // public; field element
    signal input root; // public; field element
    signal input count; // public; constrained to Σ weight
    signal input g; // public; field element
    signal input a; // public; field element
    signal input v[d]; // any field elements
    signal input saltV; // any field element
    signal input features[records][d]; // constrained to 8 bits, signed
    signal input klass[records]; // constrained to 0 … classes-1
    signal input digest[records]; // any field element
    signal input salt[records]; // any field element
    signal input weight[records]; // constrained to 1 bit

    // 1. the opening
    signal openedV <== CommitPlain(d, typeV())(v, saltV);
    commitV === openedV;

    // 2. the samples
    signal leaves[records];
    signal addedG[records];
    signal addedA[records];
    for (var i = 0; i < records; i++) {
        (leaves[i], addedG[i], addedA[i]) <== CodedSample(d, m, classes, words, scaleBits)(
            rho, v, features[i], klass[i], digest[i], salt[i], weight[i]
        );
    }

    // 3. the batch
    signal openedRoot <== Sponge(records, typeBatch())(leaves);
    root === openedRoot;
    var samples = 0;
    for (var i = 0; i < records; i++) samples += weight[i];
    signal counted <== samples;
    count === counted;

    // 4. the sums
    var sumG = 0;
    var sumA = 0;
    for (var i = 0; i < records; i++) {
        sumG += addedG[i];
        sumA += addedA[i];
    }
    signal totalG <== sumG;
    signal totalA <== sumA;
    g === totalG;
    a === totalA;
}
