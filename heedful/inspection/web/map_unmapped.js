/* What there is to show of a model without attention: its units, and how probable each was. */

import { percent } from "./map_labels.js";
import { element } from "./map_nodes.js";

/** Elements that say why there is no map, and what there is. */
export function withoutMap(record, words) {
  const said = element("p", "", words.none);
  if (!record.probabilities) return [said];
  const list = element("ol", "heatmap-units");
  record.targetLabels.forEach((label, at) => {
    const item = element("li"), bar = element("span", "heatmap-chance"), share = record.probabilities[at];
    bar.style.width = `${100 * Math.min(1, share || 0)}%`;
    item.append(element("bdi", "heatmap-unit", label), bar, element("span", "", percent(share, words.language)));
    list.append(item);
  });
  return [said, list];
}
