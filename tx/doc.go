// Package tx turns transaction data into commits: tx.Transact writes, tx.With only shows what would come of it.
package tx
