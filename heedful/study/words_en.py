"""The sentences of the reports in English."""

ENGLISH = {
    # words that every part needs
    "measured": "what was measured",
    "value": "value",
    "interval": "95 % interval",
    "claimed": "claimed",
    "verdict": "verdict",
    "claimed-above": "above {level}",
    "claimed-below": "below {level}",
    "claimed-within": "within ± {level}",
    "holds": "holds",
    "does not hold": "does not hold",
    "not decided": "not decided by this much data",
    "measures": "What decides",
    "measures-caption": "A verdict is computed: a part holds where its whole 95 % interval lies on the claimed "
    "side, does not hold where it lies on the other, and else is not decided; fewer than ten sources decide "
    "nothing. A claim holds if all its parts do, and does not hold if one of them does not. Intervals are over "
    "test items, and over seeds where there are several. Test items are the dev sources, by which each run's "
    "best model was chosen, too.",
    "arm": "arm",
    "sources": "sources",
    "source-length": "source items",
    "gap": "gap",
    "accuracy": "accuracy",
    "item_accuracy": "items right",
    "error_rate": "error rate",
    "bleu": "BLEU",
    "chrf": "chrF",
    "data-copy": "copying letters",
    "data-dates": "dates",
    # the page of a comparison
    "compare-title": "Comparison: {name}",
    "compare-lead": "{arms} arms, {seeds} each, scored on the same {sources} distinct sources. Ranked by "
    "{metric}; metrics are in percent.",
    "seeds-one": "one seed",
    "seeds": "{count} seeds",
    "seed-warning": "With one seed an arm, intervals are over test items alone: what another seed would change is "
    "not in them.",
    "table": "The arms side by side",
    "table-text": "Means over seeds; the interval is over seeds (Student's t between them) and test items "
    "(bootstrap). p is that of the difference from the best arm, two-sided, after Holm's correction for all "
    "pairs of arms ({count}), since the best was picked from the same data; below 0.05 the two differ. Entropy "
    "is that of attention while the references of the first 500 sources are written, in nats: 0 where one item "
    "has it all. Training speed is the median while training, prediction speed that of the first seed on the "
    "first 256 sources with the recipe's search, arms in turns; it depends on how long the outputs are.",
    "against-best": "against the best",
    "p": "p (Holm)",
    "best": "best",
    "different": "differs",
    "alike-best": "no difference found",
    "parameters": "parameters",
    "training-speed": "training, units/s",
    "prediction-speed": "prediction, units/s",
    "entropy": "entropy, nats",
    "ranking": "{metric} of every arm",
    "ranking-caption": "Means with their 95 % intervals.",
    "curves": "Learning curves",
    "curves-text": "Every validation on the dev data, by greedy search; the mean over seeds.",
    "curves-across": "updates",
    "repeat": "How to repeat it",
    "repeat-text": "The command, and the recipe that the arms share (of the first arm).",
    "notes": "Notes",
    # claims about arms
    "bottleneck": "The fixed vector is a bottleneck",
    "bottleneck-claim": "The fixed context vector is a bottleneck on long input: the longer the source, the more "
    "attention gains (Bahdanau 2015, figure 2).",
    "slope": "what one more source item adds to the gap in {metric} of a source, points",
    "gap-longest": "gap in {metric} for sources of {low} items and more",
    "bottleneck-figure": "Quality by source length",
    "bottleneck-caption": "Sources in ranges of length, each at its mean length; arms with the same attention are "
    "averaged.",
    "bottleneck-table": "{metric} by source length; the gap is attention minus the fixed vector, positive where "
    "attention is better.",
    "all-states": "All hidden states against the last alone",
    "all-states-claim": "A decoder that may ask all hidden states does better than one that gets the last alone.",
    "all-states-figure": "What attention gains over the fixed vector",
    "all-states-caption": "Each arm with attention minus the arm without it that is its equal otherwise.",
    "gain": "gain in {metric}",
    "soften": "LSTM and GRU soften it and do not cure it",
    "soften-claim": "Gated cells do better than the plain one with a fixed vector, and on long input still worse "
    "than with attention.",
    "softened": "gated cells minus the plain one, both with a fixed vector: {metric}",
    "not-cured": "attention minus fixed vector with gated cells, sources of {low} items and more: {metric}",
    "soften-figure": "The fixed vector by cell and source length",
    "soften-caption": "No attention: only the final state reaches the decoder.",
    "picks": "Attention picks the states that the output needs",
    "picks-claim": "Where the right position is known, attention puts most of its weight there.",
    "picks-figure": "Weight on the right source positions",
    "picks-caption": "While the references were written. More than half is what the claim asks.",
    "picks-table": "Precision: how often the most attended position is right. AER: alignment error rate (Och and "
    "Ney 2003), links from every unit to its most attended position.",
    "weight-percent": "weight on the right positions, %",
    "precision": "precision, %",
    "aer": "AER, %",
    "weight-on-truth": "{data}: weight on the right positions, %",
    "alike": "Bahdanau and Luong differ little, and Luong is cheaper",
    "alike-claim": "Bahdanau's attention and Luong's are within two points of each other, and a step of Luong's "
    "costs less.",
    "luong-less": "{data}: Luong minus Bahdanau, {metric}",
    "luong-less-short": "Luong minus Bahdanau, points (shaded: within ± 2)",
    "alike-figure": "Luong minus Bahdanau",
    "alike-caption": "Pairs of arms that differ in attention alone.",
    "cost-decoding": "a decoding step of Luong's in % of Bahdanau's",
    "cost-training": "training on a batch with Luong's in % of Bahdanau's",
    # claims about what goes on inside
    "final-by-nature": "The final state is dominated by the last items: by nature",
    "final-by-nature-claim": "Before any training, the last third of the items has more than half of the "
    "influence on a recurrent encoder's final state.",
    "final-by-nature-text": "How fast a cell forgets before it learns depends on how its weights begin: here "
    "recurrent weights are orthogonal, which lets a plain cell and an LSTM forget slowly; a GRU halves its "
    "state at every step.",
    "final-after-training-text": "Training decides what is kept: copying needs the first items first, so that an "
    "encoder which has nothing but its final state to hand over may learn to hold them.",
    "final-after-training": "The final state is dominated by the last items: after training",
    "final-after-training-claim": "An encoder that was trained with a decoder which gets nothing but its final "
    "state is still dominated by the last items: the last third has more than half of the influence.",
    "last-third": "{data}: share of the last third, %",
    "final-state-figure": "Influence on the final state by distance from the end",
    "final-state-caption": "Norm of the derivative of the final state by the vector of an item, 1 = an average "
    "item of its source. The last item has distance 0.",
    "distance": "distance from the last item",
    "relative-influence": "influence, 1 = average item",
    "untrained": "untrained",
    "one-direction": "one direction",
    "both-directions": "both directions",
    "recall": "What was read first is recalled worse",
    "recall-claim": "With a fixed vector, items read early are recalled less well than items read late.",
    "recall-thirds": "{cell}: recall of the third read last minus that of the third read first, points",
    "recall-figure": "Recall of an item by how many were read after it",
    "recall-caption": "The probability of the right item given the right ones before it. Read forwards, the item "
    "read first is written first; read backwards, it is written last: the mean of both does not depend on the "
    "order of writing.",
    "recall-forwards": "{cell}, read forwards",
    "recall-backwards": "{cell}, read backwards",
    "read-after": "items read after it",
    "recalled": "probability of the right item, %",
    "own-item": "Each hidden state is mostly about its own item",
    "own-item-claim": "Of all items, its own moves a hidden state most, in more than half of the states of an "
    "encoder that was trained with attention.",
    "own-most": "{data}: states that their own item moves most, %",
    "own-figure": "Hidden states that their own item moves most",
    "own-percent": "% of the hidden states",
    "own-caption": "By the norm of the derivative of every hidden state by the vector of every item.",
    "own-map": "{data}, {arm}: influence of every item (down) on every hidden state (across); brightest is the "
    "greatest of this map.",
    "axis-item": "item",
    "axis-state": "state at",
    "axis-influence": "influence (most = 1)",
    "reversing": "Reversing the source helps the fixed vector",
    "reversing-claim": "When what is written first was read last, the fixed vector does better (Sutskever 2014, "
    "section 3.3).",
    "reversed": "{cell}: read backwards minus read forwards, {metric}",
    "reversing-figure": "What reading backwards gains",
    "reversing-caption": "Copying letters with nothing but the final state.",
    "explanation": "Attention is not the whole explanation",
    "explanation-claim": "Attention weights order the items less as influence does than two measures of influence "
    "(derivatives, erasing an item) agree with each other (Jain and Wallace 2019).",
    "tau-less": "{data}: Kendall's tau between derivatives and erasing, minus that between weights and either",
    "weights_gradient": "{data}: weights, gradient",
    "weights_erasure": "{data}: weights, erasing",
    "gradient_erasure": "{data}: gradient, erasing",
    "explanation-figure": "How far two orders of the items agree",
    "explanation-caption": "Kendall's tau-b over the items of a source, for each output unit: 1 is the same "
    "order, 0 none.",
    "tau": "Kendall's tau",
    # the page of the study
    "study-title": "The lecture, measured",
    "study-lead": "What every text on attention asserts, measured on built-in data: {runs} small models, trained "
    "here ({minutes}). Every verdict is computed from the numbers beside it.",
    "study-models": "The models",
    "study-models-text": "Copying: sources of 5 to 20 letters to be written again, read in one direction unless "
    "said. Dates: dates as people write them in 17 languages, to ISO 8601.",
    "study-repeat-text": "The command that made this page; what is finished is not trained again. The recipes of "
    "the three lessons follow, as their first arms have them.",
    "minutes": "{count:.0f} minutes of training in all",
    "footer": "Heedful {version}. Figures and tables are in this file; nothing is loaded from anywhere.",
}
