pragma circom 2.1.0;

/*
 * out = Σ_j coefficients[j]·x^j, by Horner's rule from the highest power down, in n - 1 rows.
 *
 * NOTE: in the field. A polynomial's value at a point binds its coefficients only if they were committed to
 * before the point was drawn, and the point is not the prover's choice; both are for the verifier.
 */
template Polynomial(n) {
    signal input coefficients[n]; // any field elements
    signal input x; // any field element
    signal output out; // field element, constrained

    assert(n >= 2);
    signal partial[n]; // partial[j] = Σ_{i >= j} coefficients[i]·x^(i-j)
    partial[n - 1] <== coefficients[n - 1];
    for (var j = n - 2; j >= 0; j--) partial[j] <== coefficients[j] + x * partial[j + 1];
    out <== partial[0];
}

/* out = Σ_jk matrix[j][k]·x^j·y^k over all its entries, and rows[j] = Σ_k matrix[j][k]·y^k. */
template MatrixPolynomial(height, width) {
    signal input matrix[height][width]; // any field elements
    signal input x; // any field element
    signal input y; // any field element
    signal output out; // field element, constrained
    signal output rows[height]; // field elements, constrained

    for (var j = 0; j < height; j++) rows[j] <== Polynomial(width)(matrix[j], y);
    out <== Polynomial(height)(rows, x);
}
