pragma circom 2.1.0;

include "./lib/commit.circom";
include "./lib/product.circom";
include "./lib/range.circom";

/*
 * The adjoint: Y is 2^T (A + λI)⁻¹ Q up to rounding. Proves
 *   1. commitA, commitQ, commitY open to A (symmetric, from its upper triangle), Q and Y, of aBits, qBits and
 *      yBits bits, and λ has lambdaBits bits;
 *   2. (A + λI)·Y = 2^T·Q + R with R of rBits bits, T = adjointBits.
 *
 * Nothing wraps around: an entry of the left side is at most (d·2^(aBits-1) + 2^lambdaBits)·2^(yBits-1) in
 * absolute value (default: (2^35 + 2^32)·2^55 < 2^91), one of the right side 2^(T+qBits-1) + 2^(rBits-1)
 * < 2^72. Their difference is below p, so the equation of residues is one of integers.
 *
 * How far Y may be off: ‖Y − 2^T A_λ⁻¹ Q‖ <= ‖R‖/λ, for A is positive semidefinite. Rounding Y by a half
 * leaves |R| <= (Σ_j |A_ij| + λ)/2 <= (d·2^(aBits-1) + 2^lambdaBits)/2 < 2^(rBits-1) (default: 2^34 + 2^31
 * < 2^35), so an honest Y always has its R.
 *
 * NOTE: any Y within that bound satisfies the circuit, not only the nearest one; T is what makes the
 * freedom small. That A is the Gram matrix of the committed samples, hence semidefinite, is for the proof
 * of training.
 */
template Adjoint(d, m, adjointBits, aBits, qBits, yBits, rBits, lambdaBits) {
    signal input commitA; // public; field element
    signal input commitQ; // public; field element
    signal input commitY; // public; field element
    signal input lambda; // public; constrained to lambdaBits bits, unsigned
    signal input a[d*(d + 1)\2]; // constrained to aBits bits, signed; upper triangle, row by row
    signal input saltA; // any field element
    signal input q[d][m]; // constrained to qBits bits, signed
    signal input saltQ; // any field element
    signal input y[d][m]; // constrained to yBits bits, signed
    signal input saltY; // any field element
    signal input r[d][m]; // constrained to rBits bits, signed

    assert(d * 2**(aBits - 1) + 2**lambdaBits < 2 * 2**(rBits - 1));
    assert((d * 2**(aBits - 1) + 2**lambdaBits) * 2**(yBits - 1) < 2**251);
    assert(2**(adjointBits + qBits - 1) + 2**(rBits - 1) < 2**251);

    // 1. the openings
    signal flatQ[d*m];
    signal flatY[d*m];
    for (var j = 0; j < d; j++) {
        for (var k = 0; k < m; k++) {
            flatQ[j*m + k] <== q[j][k];
            flatY[j*m + k] <== y[j][k];
        }
    }
    signal openedA <== CommitSigned(d*(d + 1)\2, aBits, typeA())(a, saltA);
    commitA === openedA;
    signal openedQ <== CommitSigned(d*m, qBits, typeQ())(flatQ, saltQ);
    commitQ === openedQ;
    signal openedY <== CommitSigned(d*m, yBits, typeY())(flatY, saltY);
    commitY === openedY;
    UnsignedRange(lambdaBits)(lambda);

    // 2. the equation
    signal lifted[d][d]; // A + λI, aBits + lambdaBits bits at most
    var at = 0;
    for (var i = 0; i < d; i++) {
        lifted[i][i] <== a[at] + lambda;
        at++;
        for (var j = i + 1; j < d; j++) {
            lifted[i][j] <== a[at];
            lifted[j][i] <== a[at];
            at++;
        }
    }
    signal left[d][m];
    for (var i = 0; i < d; i++) {
        for (var k = 0; k < m; k++) {
            var column[d];
            for (var j = 0; j < d; j++) column[j] = y[j][k];
            left[i][k] <== InnerProduct(d)(lifted[i], column);
            SignedRange(rBits)(r[i][k]);
            left[i][k] === 2**adjointBits * q[i][k] + r[i][k];
        }
    }
}
