package provenance

import "github.com/datolite/datolite/tx"

// schema is what pipelines need. Nothing that changes lies on a node or an operation: they are written once.
const schema = `[
 ;; operation
 {:db/ident :op/digest   :db/valueType :db.type/bytes :db/unique :db.unique/identity :db/doc "identity of the operation"}
 {:db/ident :op/name     :db/valueType :db.type/string}
 {:db/ident :op/version  :db/valueType :db.type/string :db/doc "for people"}
 {:db/ident :op/code     :db/valueType :db.type/string :db/doc "digest of an image, or commit and path"}
 {:db/ident :op/ports    :db/valueType :db.type/string :db/index false :db/doc "EDN {:in {port type} :out {port type}}"}
 {:db/ident :op/class    :db/valueType :db.type/keyword :db/doc ":deterministic, :recorded, :volatile or :effect"}
 ;; node
 {:db/ident :node/id      :db/valueType :db.type/bytes :db/unique :db.unique/identity}
 {:db/ident :node/op      :db/valueType :db.type/ref}
 {:db/ident :node/params  :db/valueType :db.type/string :db/index false :db/doc "canonical EDN"}
 {:db/ident :node/inputs  :db/valueType :db.type/ref :db/cardinality :db.cardinality/many :db/acyclic true}
 {:db/ident :node/binding :db/valueType :db.type/string :db/index false :db/doc "EDN {port [k output]}: k is the place among the inputs sorted by :node/id"}
 {:db/ident :node/height  :db/valueType :db.type/long :db/doc "the longest way down to a source"}
 {:db/ident :node/source  :db/valueType :db.type/string :db/doc "external version of a source"}
 ;; pipeline and version
 {:db/ident :pipeline/name   :db/valueType :db.type/string :db/unique :db.unique/identity}
 {:db/ident :pipeline/head   :db/valueType :db.type/ref :db/doc "the version submitted last"}
 {:db/ident :version/id      :db/valueType :db.type/bytes :db/unique :db.unique/identity}
 {:db/ident :version/of      :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
 {:db/ident :version/targets :db/valueType :db.type/ref :db/cardinality :db.cardinality/many}
 {:db/ident :version/exports :db/valueType :db.type/string :db/index false :db/doc "EDN {name [node-id output]}"}
 {:db/ident :version/labels  :db/valueType :db.type/string :db/index false :db/doc "EDN {name node-id}"}
 ;; retirement
 {:db/ident :tombstone/at     :db/valueType :db.type/instant}
 {:db/ident :tombstone/reason :db/valueType :db.type/string}
 {:db/ident :tombstone/hold   :db/valueType :db.type/string :db/doc "why this may not be archived"}]`

// Schema installs what pipelines need. Doing it again changes nothing.
func Schema() tx.Data { return tx.EDN(schema) }
