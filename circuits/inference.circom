pragma circom 2.1.0;

include "./lib/commit.circom";
include "./lib/query.circom";

/*
 * A batch of paid answers, and the step that it moves the fee-weighted query matrix Q. Proves
 *   1. commitW opens to W, of wBits bits; commitQIn to Q_in, of qBits bits;
 *   2. each of the `queries` records is well formed, and its class an argmax of Wᵀh (Query);
 *   3. receiptsRoot is the sponge of the context and the records' leaves;
 *   4. Q_out = Q_in + Σ fee·h·onehot(klass)ᵀ, of qBits bits, and commitQOut opens to it;
 *   5. feeTotal = Σ fee.
 *
 * A batch with fewer queries is padded with the null record (h = 0, class 0, fee 0): its scores are all
 * zero, so it is well formed, and it adds nothing.
 *
 * Nothing wraps around: |Q_in| <= 2^(qBits-1), and a batch adds at most queries·2^feeBits·2^7 to an entry
 * (default: 45·2^23 < 2^29), so Q_out is an integer below 2^(qBits-1) + 2^29 in absolute value, far below
 * p, and the range check of its commitment decides on the integer. feeTotal < queries·2^feeBits
 * (default: < 2^22).
 *
 * NOTE: says nothing about how W was made, nor that the features are the backbone's, nor that no receipt
 * was left out. `context` names the chain, contract, model, epoch and batch; that it does is for the
 * verifier to check.
 */
template Inference(d, m, queries, wBits, qBits, feeBits, scoreDiffBits) {
    signal input context; // public; any field element
    signal input commitW; // public; field element
    signal input commitQIn; // public; field element
    signal input commitQOut; // public; field element
    signal input receiptsRoot; // public; field element
    signal input feeTotal; // public; constrained to Σ fee
    signal input w[d][m]; // constrained to wBits bits, signed
    signal input saltW; // any field element
    signal input qIn[d][m]; // constrained to qBits bits, signed
    signal input saltQIn; // any field element
    signal input saltQOut; // any field element
    signal input features[queries][d]; // constrained to 8 bits, signed
    signal input klass[queries]; // constrained to 0 … m-1
    signal input digest[queries]; // any field element
    signal input salt[queries]; // any field element
    signal input fee[queries]; // constrained to feeBits bits, unsigned

    assert(queries * 2**feeBits * 2**7 < 2**(qBits - 1));

    // 1. the openings
    signal flatW[d*m];
    signal flatQIn[d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            flatW[j*m + k] <== w[j][k];
            flatQIn[j*m + k] <== qIn[j][k];
        }
    }
    signal openedW <== CommitSigned(d*m, wBits, typeW())(flatW, saltW);
    commitW === openedW;
    signal openedQIn <== CommitSigned(d*m, qBits, typeQ())(flatQIn, saltQIn);
    commitQIn === openedQIn;

    // 2. the queries
    signal leaves[queries];
    signal added[queries][d][m];
    for (var q = 0; q < queries; q++) {
        (leaves[q], added[q]) <== Query(d, m, wBits, feeBits, scoreDiffBits)(
            w, features[q], klass[q], digest[q], salt[q], fee[q]
        );
    }

    // 3. the receipts
    signal list[queries + 1];
    list[0] <== context;
    for (var q = 0; q < queries; q++) list[q + 1] <== leaves[q];
    signal root <== Sponge(queries + 1, typeReceipts())(list);
    receiptsRoot === root;

    // 4. the step of Q
    signal flatQOut[d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            var sum = qIn[j][k];
            for (var q = 0; q < queries; q++) sum += added[q][j][k];
            flatQOut[j*m + k] <== sum;
        }
    }
    signal openedQOut <== CommitSigned(d*m, qBits, typeQ())(flatQOut, saltQOut);
    commitQOut === openedQOut;

    // 5. the fees
    var fees = 0;
    for (var q = 0; q < queries; q++) fees += fee[q];
    feeTotal === fees;
}
