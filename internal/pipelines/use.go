package pipelines

// Use is a node that names something.
type Use struct {
	Pipeline     ID     `json:"pipeline_id"`
	PipelineName string `json:"pipeline_name"`
	Node         string `json:"node_id"`
	NodeName     string `json:"node_name"`
}

// Uses returns the nodes of documents that by is true of, in their order.
func Uses(documents []Document, by func(Node) bool) []Use {
	all := []Use{}
	for _, d := range documents {
		for _, n := range d.Nodes {
			if by(n) {
				all = append(all, Use{d.ID, d.Name, n.ID, n.Name})
			}
		}
	}
	return all
}
