/* What there is to say about a map. In English the map's own sentences; in Korean the same things are said here. */

import { statistics, visible } from "./heatmap.js";
import { language, quoted } from "./words.js";

const FEW = 0.1; // of an even share: what got less counts as not looked at
const MOST_NAMED = 6;

/** Sentences about a map, in the language of now. */
export function remarks({ weights, source, target }) {
  if (!target.length || !source.length) return [];
  return language() === "ko" ? korean(weights, source.map(visible), target.map(visible)) : statistics(weights, source, target);
}

function korean(rows, inputs, outputs) {
  const entropy = (row) => -row.reduce((sum, weight) => (weight > 0 ? sum + weight * Math.log(weight) : sum), 0);
  const widths = rows.map((row) => Math.exp(entropy(row)));
  const peaks = rows.map((row) => greatest(row));
  const totals = inputs.map((_, place) => rows.reduce((sum, row) => sum + row[place], 0));
  const named = (place) => `${quoted(inputs[place])}(${place + 1}번째)`;
  const [wide, narrow] = [greatest(widths), greatest(widths.map((width) => -width))];
  const said = [`출력 단위 하나가 입력 단위를 평균 ${mean(widths).toFixed(1)}개쯤 봅니다.`];
  if (widths[wide] - widths[narrow] >= 0.5) {
    said[0] += ` 가장 넓게 보는 것은 ${quoted(outputs[wide])}(${widths[wide].toFixed(1)}개), 가장 좁게 보는 것은 ${quoted(outputs[narrow])}(${widths[narrow].toFixed(1)}개)입니다.`;
  }
  const sure = rows.filter((row, place) => row[peaks[place]] > 0.5).length;
  said.push(sure === rows.length ? "모든 출력 단위가 어텐션의 절반 넘게를 입력 단위 하나에 줍니다."
    : `출력 단위 ${rows.length}개 가운데 ${sure}개가 어텐션의 절반 넘게를 입력 단위 하나에 줍니다.`);
  const left = inputs.map((_, place) => place).filter((place) => totals[place] < (FEW * rows.length) / inputs.length);
  const more = left.length > MOST_NAMED ? ` 외 ${left.length - MOST_NAMED}개` : "";
  said.push(left.length ? `거의 또는 전혀 보지 않은 입력 단위가 ${left.length}개 있습니다: ${left.slice(0, MOST_NAMED).map(named).join(", ")}${more}.`
    : "빠뜨린 입력 단위가 없습니다.");
  if (inputs.length > 1) {
    const most = greatest(totals);
    said.push(`어텐션을 가장 많이 받은 것은 ${named(most)}로, 모두 ${totals[most].toFixed(2)}입니다. 고르게 나누면 ${(rows.length / inputs.length).toFixed(2)}씩입니다.`);
  }
  if (rows.length > 1) said.push(course(peaks));
  return said;
}

function course(peaks) {
  const moves = peaks.slice(1).map((peak, place) => Math.sign(peak - peaks[place]));
  const [forward, back] = [1, -1].map((way) => moves.filter((move) => move === way).length);
  if (!forward && !back) return "처음부터 끝까지 같은 곳을 봅니다.";
  if (!back) return "입력을 처음부터 끝까지 차례로 보며 되돌아가지 않습니다.";
  if (!forward) return "입력을 끝에서 처음으로 거슬러 봅니다.";
  const found = `앞으로 ${forward}번, 뒤로 ${back}번 옮겨 갑니다`;
  if (forward >= 0.8 * (forward + back)) return `대체로 입력의 처음에서 끝으로 갑니다. ${found}.`;
  if (back >= 0.8 * (forward + back)) return `대체로 입력의 끝에서 처음으로 갑니다. ${found}.`;
  return `앞뒤로 오갑니다. ${found}.`;
}

function greatest(numbers) {
  return numbers.reduce((best, number, place) => (number > numbers[best] ? place : best), 0);
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
