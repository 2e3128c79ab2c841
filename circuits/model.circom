pragma circom 2.1.0;

include "./lib/commit.circom";
include "./lib/polynomial.circom";
include "./lib/range.circom";

/*
 * The model's matrices, at the random point. Proves
 *   1. commitW, commitA, commitR open to W (wBits bits), A (symmetric, from its upper triangle, aBits bits)
 *      and R with |R_jk| <= bound;
 *   2. commitV opens to v = W(·, ρ2), v_j = Σ_k W_jk·ρ2^k;
 *   3. wValue = W(ρ1, ρ2), rValue = R(ρ1, ρ2), aValue = A(ρ1, ρ3).
 *
 * What it is for: with Σ_c G_c(ρ) = λ·wValue + rValue, the matrices committed to before ρ was drawn satisfy
 * Σ_c G_c = λW + R modulo p, hence as integers: |λW| < 2^(lambdaBits+wBits-1), |R| < 2^(rBits-1), and
 * |Σ G_c| is far below p (weights.circom). So W is the ridge optimum up to R: ‖W − 2^S·W*‖ <= ‖R‖/λ.
 * Rounding each entry of W by a half leaves |R| <= (d·2^14·samples + λ)/2, which is the bound that the
 * verifier computes; an honest R always fits.
 *
 * R is committed to, for otherwise a short R could be fitted to any values once ρ is known.
 *
 * NOTE: says nothing about data. A and W are tied to samples by the sums over all batches.
 */
template Model(d, m, wBits, aBits, rBits) {
    signal input rho[3]; // public; any field elements
    signal input commitW; // public; field element
    signal input commitA; // public; field element
    signal input commitR; // public; field element
    signal input commitV; // public; field element
    signal input bound; // public; constrained to rBits - 1 bits, unsigned
    signal input wValue; // public; field element
    signal input aValue; // public; field element
    signal input rValue; // public; field element
    signal input w[d][m]; // constrained to wBits bits, signed
    signal input saltW; // any field element
    signal input a[d*(d + 1)\2]; // constrained to aBits bits, signed; upper triangle, row by row
    signal input saltA; // any field element
    signal input r[d][m]; // constrained to -bound … bound, hence to rBits bits, signed
    signal input saltR; // any field element
    signal input saltV; // any field element

    // 1. the openings
    signal flatW[d*m];
    signal flatR[d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            flatW[j*m + k] <== w[j][k];
            flatR[j*m + k] <== r[j][k];
        }
    }
    signal openedW <== CommitSigned(d*m, wBits, typeW())(flatW, saltW);
    commitW === openedW;
    signal openedA <== CommitSigned(d*(d + 1)\2, aBits, typeA())(a, saltA);
    commitA === openedA;
    signal openedR <== CommitBounded(d*m, rBits, typeR())(flatR, saltR, bound);
    commitR === openedR;

    // 2. and 3. for W: its rows at ρ2 are v
    signal v[d];
    signal atW;
    (atW, v) <== MatrixPolynomial(d, m)(w, rho[0], rho[1]);
    wValue === atW;
    signal openedV <== CommitPlain(d, typeV())(v, saltV);
    commitV === openedV;

    // 3. for R and A
    signal rowsR[d];
    signal atR;
    (atR, rowsR) <== MatrixPolynomial(d, m)(r, rho[0], rho[1]);
    rValue === atR;
    signal full[d][d];
    var at = 0;
    for (var i = 0; i < d; i++) {
        for (var j = i; j < d; j++) {
            full[i][j] <== a[at];
            if (j != i) full[j][i] <== a[at];
            at++;
        }
    }
    signal rowsA[d];
    signal atA;
    (atA, rowsA) <== MatrixPolynomial(d, d)(full, rho[0], rho[2]);
    aValue === atA;
}
