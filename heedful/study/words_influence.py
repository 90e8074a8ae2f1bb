"""The sentences of the page that ``heedful influence`` writes, in each of its languages."""

from typing import Literal

Language = Literal["en", "ko"]

ENGLISH = {
    "title": "What each source item does",
    "lead": "{count} sources, read and answered by a model with attention = {attention}. {reads} What is explained "
    "is what the model wrote itself.",
    "reads-forwards": "Its encoder reads from the first item to the last.",
    "reads-backwards": "Its encoder reads from the last item to the first.",
    "reads-both": "Its encoder reads in both directions; its final state is the end of the one beside the end of the "
    "other.",
    "method": "An item's influence on something is the norm of its derivative by the vector that stands for the "
    "item: how far it moves when that vector moves a little. The derivatives are exact, and dropout is off. "
    "Erasing an item sets its vector to zero and asks how far the log-probability of each output unit moves.",
    "holds": "Holds",
    "does not hold": "Does not hold",
    "not decided": "Not decided",
    "percent": "{mean:.0f} % (95 %: {low:.0f} to {high:.0f})",
    "nothing": "not measured",
    "final": "The final state",
    "final-claim-forwards": "The final state is dominated by the last items: the last third of them has more than "
    "half of the influence on it.",
    "final-claim-backwards": "The final state is dominated by the items read last, which are the first: the first "
    "third of them has more than half of the influence on it.",
    "final-claim-both": "Each half of the final state is dominated by the items that it read last: the last third of "
    "the items has more than half of the influence on the half that reads forwards, the first third on the half "
    "that reads backwards.",
    "final-seen": "{name}: the first third of the items has {first} of the influence, the last third {last}. Evenly "
    "spread it would be 33 % each.",
    "final-ends": "{name}: the last item counts {end:.2g} times as much as an average item, an item {far} places "
    "before the end {start:.2g} times as much.",
    "final-short": "No source has three items or more, so thirds say nothing.",
    "part-both": "final state",
    "part-forwards": "half that reads forwards",
    "part-backwards": "half that reads backwards",
    "final-chart": "Influence on the final state by distance from the end of the source",
    "final-across": "distance from the last item, in items",
    "final-up": "influence, 1 = average item of its source",
    "final-caption": "Mean over the sources, each relative to its own average item (the line at 1), as far as one "
    "source in ten reaches. The intervals hold 95 % of bootstrap resamples of the sources.",
    "thirds-part": "influence on",
    "thirds-first": "first third of the items",
    "thirds-last": "last third of the items",
    "thirds-caption": "Shares of all influence on the final state, over the sources of three items or more.",
    "states": "Every hidden state",
    "states-claim": "Each hidden state is mostly about its own item: of all items, its own moves it most in more "
    "than half of the states.",
    "states-seen": "In {sources} sources {own} of the hidden states are moved most by their own item. On average a "
    "state's own item has {share} of all influence on the state.",
    "states-short": "No source has two items or more, so there is nothing to compare.",
    "states-map": "{source}: influence of every item (down) on every hidden state of the encoder's top layer "
    "(across). Brightest is the greatest influence of this map, {most:.3g}.",
    "states-some": "{shown} of {all} states are shown, evenly apart.",
    "item": "item",
    "state": "state at",
    "influence": "influence (most = 1)",
    "outputs": "Every output unit",
    "outputs-claim": "Attention is not the whole explanation: the weights order the items less as influence does than two "
    "measures of influence, gradient and erasing, agree with each other (Jain and Wallace 2019).",
    "outputs-fixed": "This model has no attention: whatever an item does to an output unit goes through the final "
    "state. Its gradient and the effect of erasing it can still be measured.",
    "outputs-seen": "The most attended item is also the most influential one by gradient for {same} of the output "
    "units (by chance it would be {chance}), and by erasing for {erased}. The two measures of influence agree with "
    "each other on {both}.",
    "outputs-fixed-seen": "The item of greatest gradient is also the one whose erasing moves the unit most for "
    "{both} of the output units (by chance it would be {chance}).",
    "outputs-order": "Over all items, attention and gradient have a rank correlation of {tau}; gradient and erasing "
    "agree with each other better than attention does with them, by {excess}.",
    "outputs-short": "No output has a unit over two items or more, so there is nothing to compare.",
    "order": "{mean:.2f} (95 %: {low:.2f} to {high:.2f})",
    "weights": "attention",
    "gradient": "gradient",
    "erasure": "erasing",
    "compared": "compared",
    "pair": "{one} and {other}",
    "tau": "Kendall's tau-b",
    "same-top": "same greatest item",
    "chance": "by chance",
    "compared-caption": "Means over output units within a source, then over {count} sources, with 95 % bootstrap "
    "intervals over the sources. Tau-b is 1 where both order all items alike, 0 where they have nothing to do with "
    "each other.",
    "compared-last": "The last row is what to measure the others by: two measures of influence do not agree fully "
    "either.",
    "map-weights": "{source} → {target}: attention weights.",
    "map-gradient": "{source} → {target}: gradient influence. Brightest is the greatest of this map, {most:.3g}.",
    "map-erasure": "{source} → {target}: how far erasing an item moves the log-probability of a unit, up or down. "
    "Brightest is the greatest of this map, {most:.3g} nats.",
    "input": "input",
    "output": "output",
    "again": "Made with",
}

KOREAN = {
    "title": "입력 항목 하나하나가 하는 일",
    "lead": "attention = {attention}인 모델이 입력 {count}개를 읽고 답했다. {reads} 여기서 설명하는 것은 모델이 "
    "스스로 쓴 출력이다.",
    "reads-forwards": "인코더는 첫 항목부터 끝 항목까지 차례로 읽는다.",
    "reads-backwards": "인코더는 끝 항목부터 첫 항목까지 거꾸로 읽는다.",
    "reads-both": "인코더는 양쪽 방향으로 읽으며, 마지막 상태는 두 방향이 각각 끝난 상태를 나란히 붙인 것이다.",
    "method": "한 항목이 무엇에 미치는 영향이란 그것을 항목의 벡터로 미분한 값의 노름이다. 곧 벡터가 조금 움직일 때 "
    "그것이 얼마나 움직이는지를 나타낸다. 미분은 표본을 뽑지 않고 정확히 계산했으며 드롭아웃은 껐다. 지우기는 "
    "항목의 벡터를 0으로 바꾸었을 때 각 출력 단위의 로그 확률이 얼마나 움직이는지를 본다.",
    "holds": "성립한다",
    "does not hold": "성립하지 않는다",
    "not decided": "판정할 수 없다",
    "percent": "{mean:.0f} %(95 % 구간 {low:.0f}~{high:.0f})",
    "nothing": "측정하지 않음",
    "final": "마지막 상태",
    "final-claim-forwards": "마지막 상태는 끝 항목들이 지배한다. 곧 뒤쪽 3분의 1의 항목이 전체 영향의 절반을 넘게 "
    "차지한다.",
    "final-claim-backwards": "마지막 상태는 나중에 읽은 항목, 곧 앞쪽 항목들이 지배한다. 곧 앞쪽 3분의 1의 항목이 "
    "전체 영향의 절반을 넘게 차지한다.",
    "final-claim-both": "마지막 상태의 두 반쪽은 저마다 나중에 읽은 항목들이 지배한다. 곧 앞에서부터 읽는 반쪽에서는 "
    "뒤쪽 3분의 1이, 뒤에서부터 읽는 반쪽에서는 앞쪽 3분의 1이 전체 영향의 절반을 넘게 차지한다.",
    "final-seen": "{name}: 앞쪽 3분의 1의 항목이 영향의 {first}, 뒤쪽 3분의 1의 항목이 {last}를 차지한다. 고르게 "
    "퍼져 있다면 각각 33 %이다.",
    "final-ends": "{name}: 맨 끝 항목의 영향은 평균 항목의 {end:.2g}배, 끝에서 {far}칸 앞에 있는 항목의 영향은 "
    "{start:.2g}배이다.",
    "final-short": "항목이 셋 이상인 입력이 없어 3분의 1씩 나누어 볼 수 없다.",
    "part-both": "마지막 상태 전체",
    "part-forwards": "앞에서부터 읽는 반쪽",
    "part-backwards": "뒤에서부터 읽는 반쪽",
    "final-chart": "입력의 끝에서 떨어진 거리에 따라 항목이 마지막 상태에 미치는 영향",
    "final-across": "끝 항목에서 떨어진 거리(항목 수)",
    "final-up": "영향(1 = 그 입력의 평균 항목)",
    "final-caption": "입력마다 그 입력의 평균 항목을 1로 놓고(가로선) 여러 입력에 걸쳐 평균한 값이다. 입력 열에 "
    "하나꼴로 닿는 거리까지 그렸다. 구간은 입력을 다시 뽑은 부트스트랩 표본의 95 %를 담는다.",
    "thirds-part": "영향을 받는 것",
    "thirds-first": "앞쪽 3분의 1의 항목",
    "thirds-last": "뒤쪽 3분의 1의 항목",
    "thirds-caption": "마지막 상태가 받는 전체 영향에서 차지하는 몫. 항목이 셋 이상인 입력만 셌다.",
    "states": "은닉 상태 하나하나",
    "states-claim": "은닉 상태는 대체로 제 항목에 관한 것이다. 곧 절반이 넘는 상태에서 제 자리의 항목이 다른 어느 "
    "항목보다 상태를 많이 움직인다.",
    "states-seen": "입력 {sources}개에서 제 자리의 항목이 가장 많이 움직이는 은닉 상태는 {own}이다. 한 상태가 받는 "
    "전체 영향에서 제 항목이 차지하는 몫은 평균 {share}이다.",
    "states-short": "항목이 둘 이상인 입력이 없어 견줄 것이 없다.",
    "states-map": "{source}: 각 항목(세로)이 인코더 맨 위 층의 각 은닉 상태(가로)에 미치는 영향. 가장 밝은 곳이 이 "
    "그림에서 가장 큰 영향({most:.3g})이다.",
    "states-some": "상태 {all}개 가운데 {shown}개를 고른 간격으로 골라 그렸다.",
    "item": "항목",
    "state": "상태의 자리",
    "influence": "영향(최댓값 = 1)",
    "outputs": "출력 단위 하나하나",
    "outputs-claim": "어텐션이 설명의 전부는 아니다. 곧 가중치의 순서가 영향의 순서와 일치하는 정도는, 영향을 재는 "
    "두 방법(기울기와 지우기)이 서로 일치하는 정도보다 낮다(Jain and Wallace 2019).",
    "outputs-fixed": "이 모델에는 어텐션이 없다. 항목이 출력 단위에 하는 일은 모두 마지막 상태를 거친다. 그래도 "
    "기울기와, 항목을 지웠을 때의 효과는 잴 수 있다.",
    "outputs-seen": "어텐션을 가장 많이 받은 항목이 기울기로도 영향이 가장 큰 출력 단위는 {same}이고(우연이라면 "
    "{chance}), 지웠을 때 효과가 가장 큰 항목이기도 한 출력 단위는 {erased}이다. 영향을 재는 두 방법이 서로 "
    "일치하는 출력 단위는 {both}이다.",
    "outputs-fixed-seen": "기울기가 가장 큰 항목이 지웠을 때 효과도 가장 큰 출력 단위는 {both}이다(우연이라면 "
    "{chance}).",
    "outputs-order": "모든 항목의 순서를 견주면 어텐션과 기울기의 순위 상관은 {tau}이다. 기울기와 지우기는 어텐션과 그 둘보다 "
    "{excess}만큼 서로 더 일치한다.",
    "outputs-short": "항목이 둘 이상인 입력에서 나온 출력 단위가 없어 견줄 것이 없다.",
    "order": "{mean:.2f}(95 % 구간 {low:.2f}~{high:.2f})",
    "weights": "어텐션",
    "gradient": "기울기",
    "erasure": "지우기",
    "compared": "견준 것",
    "pair": "{one} · {other}",
    "tau": "켄달 타우 b",
    "same-top": "가장 큰 항목이 같음",
    "chance": "우연이라면",
    "compared-caption": "한 입력 안의 출력 단위들을 평균한 다음 입력 {count}개에 걸쳐 평균했다. 구간은 입력을 다시 "
    "뽑은 부트스트랩 95 % 구간이다. 타우 b는 두 쪽이 모든 항목을 같은 순서로 놓으면 1, 서로 아무 관계가 없으면 "
    "0이다.",
    "compared-last": "마지막 줄이 다른 줄을 견주는 잣대다. 영향을 재는 두 방법끼리도 완전히 일치하지는 않는다.",
    "map-weights": "{source} → {target}: 어텐션 가중치.",
    "map-gradient": "{source} → {target}: 기울기로 잰 영향. 가장 밝은 곳이 이 그림의 최댓값({most:.3g})이다.",
    "map-erasure": "{source} → {target}: 항목을 지웠을 때 출력 단위의 로그 확률이 오르내린 크기. 가장 밝은 곳이 이 "
    "그림의 최댓값({most:.3g}내트)이다.",
    "input": "입력",
    "output": "출력",
    "again": "만든 명령",
}

WORDS: dict[Language, dict[str, str]] = {"en": ENGLISH, "ko": KOREAN}
