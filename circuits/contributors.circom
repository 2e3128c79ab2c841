pragma circom 2.1.0;

include "./lib/commit.circom";
include "./lib/polynomial.circom";

/*
 * The values at (ρ1, ρ2) of one group of contributors' gradients. Proves, for each contributor c,
 *   1. commitG[c] opens to G_c;
 *   2. value[c] = Σ_jk G_c[j][k]·ρ1^j·ρ2^k.
 *
 * A group with fewer contributors is padded with the zero G (salt 0), whose value is 0.
 *
 * Why nothing is range-checked: the values that `samples` proves for the contributor's batches must add up to
 * value[c]. G_c was committed to before ρ was drawn, so G_c ≡ Σ h_i·e_iᵀ modulo p except with probability
 * (d + m)/2^248 (ρ has 248 bits), and the right side is an integer matrix far below p/2. There is one such
 * matrix.
 *
 * NOTE: on its own this is about residues, and about any ρ.
 */
template Contributors(d, m, contributors) {
    signal input rho1; // public; any field element
    signal input rho2; // public; any field element
    signal input commitG[contributors]; // public; field elements
    signal input value[contributors]; // public; field elements
    signal input gradients[contributors][d][m]; // any field elements
    signal input saltG[contributors]; // any field elements

    signal flatG[contributors][d*m];
    signal openedG[contributors];
    signal values[contributors];
    signal rows[contributors][d];
    for (var c = 0; c < contributors; c++) {
        // 1. the opening
        for (var j = 0; j < d; j++) {
            for (var k = 0; k < m; k++) flatG[c][j*m + k] <== gradients[c][j][k];
        }
        openedG[c] <== CommitPlain(d*m, typeG())(flatG[c], saltG[c]);
        commitG[c] === openedG[c];

        // 2. the value
        (values[c], rows[c]) <== MatrixPolynomial(d, m)(gradients[c], rho1, rho2);
        value[c] === values[c];
    }
}
