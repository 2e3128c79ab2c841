pragma circom 2.1.0;

include "./polynomial.circom";
include "./product.circom";
include "./record.circom";

/*
 * One sample of the training set: its leaf, and what it adds to the sums of a batch. Proves
 *   1. the record is well formed: int8 features, klass in 0 … m-1;
 *   2. weight is 0 or 1, and a record of weight 0 has the features and the class of the null record: it
 *      carries no data, and counts for nothing;
 *   3. g = h(ρ1)·(2^S·ρ2^klass − ⟨h, v⟩), the value at (ρ1, ρ2) of h·eᵀ with e = 2^S·onehot(klass) − Wᵀh,
 *      for v = W(·, ρ2): then ⟨h, v⟩ = Σ_k (Wᵀh)_k ρ2^k;
 *   4. a = h(ρ1)·h(ρ3), the value at (ρ1, ρ3) of h·hᵀ.
 *
 * Why step 2 asks for so few rows: with |h_j| <= 2^7 (step 1) and 31 features to a group, Σ_i h_i·256^i = 0
 * only if every h_i = 0: adding 128 to each gives a number in base 256, below 2^248 < p, with one reading.
 * The null record adds g = a = 0, for h = 0.
 *
 * NOTE: g and a are residues. That v is W(·, ρ2), and that ρ was drawn after everything was committed, is
 * for whoever puts the proofs together. The digest and the salt of a record of weight 0 are not looked at.
 */
template Sample(d, m, scaleBits) {
    signal input rho[3]; // any field elements
    signal input v[d]; // any field elements
    signal input features[d]; // constrained to 8 bits, signed
    signal input klass; // constrained to 0 … m-1
    signal input digest; // any field element
    signal input salt; // any field element
    signal input weight; // constrained to 1 bit
    signal output leaf; // field element, constrained
    signal output g; // field element, constrained
    signal output a; // field element, constrained

    // 1. the record
    signal isClass[m];
    (isClass, leaf) <== RecordLeaf(d, m)(features, klass, digest, salt, weight);

    // 2. the weight
    weight * (weight - 1) === 0;
    (1 - weight) * klass === 0;
    for (var first = 0; first < d; first += 31) {
        var packed = 0;
        var power = 1; // 256^i
        for (var i = 0; i < 31 && first + i < d; i++) {
            packed += features[first + i] * power;
            power *= 256;
        }
        (1 - weight) * packed === 0;
    }

    // 3. the gradient
    signal atRho1 <== Polynomial(d)(features, rho[0]);
    signal target <== Polynomial(m)(isClass, rho[1]);
    signal answered <== InnerProduct(d)(features, v);
    g <== atRho1 * (2**scaleBits * target - answered);

    // 4. the Gram matrix
    signal atRho3 <== Polynomial(d)(features, rho[2]);
    a <== atRho1 * atRho3;
}
