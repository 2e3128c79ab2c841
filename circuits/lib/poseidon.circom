pragma circom 2.1.0;

include "circomlib/circuits/poseidon_constants.circom";
include "./matrix.circom";

/*
 * out = Poseidon(in), circomlib's: BN254, x^5, 8 full rounds, first state element 0 on the way in and `out`
 * on the way out. The round constants and matrices are circomlib's optimised ones; this file only writes
 * the same permutation as other rows.
 *
 * An S-box y = x^5 takes three rows: square = x·x, fourth = square·square, and fourth·x = y. The signals
 * that we keep are the *inputs* x of the S-boxes. An output y never becomes a signal: it is a linear
 * function of the next state, the mixing matrix read backwards, so that the third row says
 *
 *     fourth_j · x_j  =  Σ_k M⁻¹[k][j] · next_k  −  C_j .
 *
 * Rows A and B then hold one wire each, and the dense part stands in C, of which neither proving keys nor
 * provers keep coefficients. (Linear layers as signals cost a row each; as expressions they make A and B
 * dense.)
 *
 * Sound because M and P are regular: given the outputs, the t rows of a round have exactly one solution
 * `next`. In a partial round only S[row] ≠ 0 is needed. The `<--` are computed from exactly those rows.
 *
 * NOTE: binds n inputs and nothing else: a list that may have several lengths goes through Sponge.
 */
template Hash(n) {
    signal input in[n]; // any field elements
    signal output out; // field element, constrained

    assert(n >= 1 && n <= 16);
    out <== Permutation(
        n, POSEIDON_C(n + 1), POSEIDON_S(n + 1), POSEIDON_M(n + 1), POSEIDON_P(n + 1),
        inverse(n + 1, POSEIDON_M(n + 1)), inverse(n + 1, POSEIDON_P(n + 1))
    )(in);
}

// The rows of Hash. The constants are parameters so that they are worked out once, when compiling: written
// as variables of the template they would be computed again for each of its instances whenever a witness is
// made.
template Permutation(n, C, S, M, P, MBack, PBack) {
    signal input in[n]; // any field elements
    signal output out; // field element, constrained

    var t = n + 1;
    var PARTIAL_ROUNDS[16] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
    var partials = PARTIAL_ROUNDS[n - 1];

    signal square[8][t];
    signal fourth[8][t];
    signal state[7][t]; // the state after full round r, constrained by the backward rows
    signal partSquare[partials];
    signal partFourth[partials];
    signal partState[partials];
    signal middle[t - 1];
    signal fifth[t - 1];

    // The first round constants; state element 0 starts as 0.
    var x[t];
    x[0] = C[0];
    for (var j = 1; j < t; j++) x[j] = in[j - 1] + C[j];

    for (var r = 0; r < 8; r++) {
        var offset = (r + 1)*t + (r < 4 ? 0 : partials);
        for (var j = 0; j < t; j++) {
            square[r][j] <== x[j] * x[j];
            fourth[r][j] <== square[r][j] * square[r][j];
        }
        if (r < 7) {
            // Full round: S-boxes, constants, then M (P before the partial rounds).
            for (var k = 0; k < t; k++) {
                var sum = 0;
                for (var j = 0; j < t; j++) {
                    sum += (r == 3 ? P[j][k] : M[j][k]) * (fourth[r][j] * x[j] + C[offset + j]);
                }
                state[r][k] <-- sum; // constrained by the t rows below
            }
            for (var j = 0; j < t; j++) {
                var before = 0;
                for (var k = 0; k < t; k++) before += (r == 3 ? PBack[k][j] : MBack[k][j]) * state[r][k];
                fourth[r][j] * x[j] === before - C[offset + j];
            }
            for (var k = 0; k < t; k++) x[k] = state[r][k];
        }
        if (r == 3) {
            // Partial rounds: one S-box, then a sparse matrix, whose first column is S[row + i] and first row
            // S[row + t + i - 1].
            for (var p = 0; p < partials; p++) {
                var row = (2*t - 1)*p;
                partSquare[p] <== x[0] * x[0];
                partFourth[p] <== partSquare[p] * partSquare[p];
                var rest = 0;
                for (var i = 1; i < t; i++) rest += S[row + i] * x[i];
                partState[p] <== S[row] * partFourth[p] * x[0] + S[row] * C[5*t + p] + rest;
                var mixedIn = (partState[p] - rest) * (1 / S[row]);
                for (var i = 1; i < t; i++) x[i] += S[row + t + i - 1] * mixedIn;
                x[0] = partState[p];
            }
            // The other elements have grown to t + partials terms each: make them signals once.
            for (var i = 1; i < t; i++) {
                middle[i - 1] <== x[i];
                x[i] = middle[i - 1];
            }
        }
    }

    // The last round needs one output only.
    var sum = M[0][0] * fourth[7][0] * x[0];
    for (var j = 1; j < t; j++) {
        fifth[j - 1] <== fourth[7][j] * x[j];
        sum += M[j][0] * fifth[j - 1];
    }
    out <== sum;
}
