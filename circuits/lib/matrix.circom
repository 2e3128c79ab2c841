pragma circom 2.1.0;

/*
 * Inverse of an n×n matrix of constants over the field, by Gauss-Jordan elimination without pivoting.
 *
 * Poseidon's matrices are MDS (or a product of an MDS matrix with a regular one): a zero pivot would be a
 * division by zero and stop the compiler, so there is nothing to check at run time. Functions need arrays
 * of constant size: 17 is the widest Poseidon; only the upper left n×n part is used.
 */
function inverse(n, matrix) {
    var left[17][17];
    var right[17][17];
    for (var i = 0; i < n; i++) {
        for (var j = 0; j < n; j++) {
            left[i][j] = matrix[i][j];
            right[i][j] = i == j ? 1 : 0;
        }
    }
    for (var p = 0; p < n; p++) {
        var scale = 1 / left[p][p];
        for (var j = 0; j < n; j++) {
            left[p][j] *= scale;
            right[p][j] *= scale;
        }
        for (var i = 0; i < n; i++) {
            if (i != p) {
                var factor = left[i][p];
                for (var j = 0; j < n; j++) {
                    left[i][j] -= factor * left[p][j];
                    right[i][j] -= factor * right[p][j];
                }
            }
        }
    }
    return right;
}
