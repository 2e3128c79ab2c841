pragma circom 2.1.0;

include "./code.circom";
include "./polynomial.circom";
include "./product.circom";
include "./record.circom";

/*
 * Sample for classes that have code words: one sample of the training set, its leaf, and what it adds to the
 * sums of a batch. Proves
 *   1. the record is well formed: int8 features, klass in 0 … classes-1;
 *   2. weight is 0 or 1, and a record of weight 0 has the features and the class of the null record (Sample
 *      says why a row for each 31 features is enough);
 *   3. g = h(ρ1)·(2^S·word(ρ2) − ⟨h, v⟩), the value at (ρ1, ρ2) of h·eᵀ with e = 2^S·word − Wᵀh, for
 *      v = W(·, ρ2) and the word of the sample's class;
 *   4. a = h(ρ1)·h(ρ3), the value at (ρ1, ρ3) of h·hᵀ.
 *
 * With the m unit vectors for words this is Sample: word(ρ2) = ρ2^klass.
 *
 * NOTE: g and a are residues; the rest of Sample's note holds too.
 */
template CodedSample(d, m, classes, words, scaleBits) {
    signal input rho[3]; // any field elements
    signal input v[d]; // any field elements
    signal input features[d]; // constrained to 8 bits, signed
    signal input klass; // constrained to 0 … classes-1
    signal input digest; // any field element
    signal input salt; // any field element
    signal input weight; // constrained to 1 bit
    signal output leaf; // field element, constrained
    signal output g; // field element, constrained
    signal output a; // field element, constrained

    // 1. the record
    signal isClass[classes];
    (isClass, leaf) <== RecordLeaf(d, classes)(features, klass, digest, salt, weight);

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
    signal target <== CodePolynomial(classes, m, words)(isClass, rho[1]);
    signal answered <== InnerProduct(d)(features, v);
    g <== atRho1 * (2**scaleBits * target - answered);

    // 4. the Gram matrix
    signal atRho3 <== Polynomial(d)(features, rho[2]);
    a <== atRho1 * atRho3;
}
