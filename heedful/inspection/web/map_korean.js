/* Everything that a map says, in Korean; map_english.js has the same names, and says what they are for. */

import { percent } from "./map_labels.js";

// A number or a label may end in any sound, so what follows one takes no particle that depends on it.
const grouped = (count) => count.toLocaleString("ko");
const koreanUnit = ([label, place]) => `‘\u2068${label}\u2069’(${grouped(place)}번째)`;
const koreanUnits = (each, count) =>
  each.map(koreanUnit).join(", ") + (count > each.length ? ` 외 ${grouped(count - each.length)}개` : "");

export const KOREAN = {
  language: "ko",
  input: "입력",
  output: "출력",
  attention: "어텐션",
  probability: "확률",
  got: "받은 합계",
  given: "준 합계",
  givenOne: "준 합계: 늘 1",
  brightened: "이 지도의 가장 큰 가중치에 맞춘 밝기",
  heldByHand: "직접 고정한 곳",
  none: "이 모델에는 어텐션이 없습니다. 디코더가 인코더의 마지막 상태만 보았으므로 보여 줄 지도가 없습니다.",

  closer: "확대",
  farther: "축소",
  whole: "전체 보기",
  zoom: "확대와 축소",
  brighten: "더 밝게 그리기: 이 지도의 가장 큰 가중치를 가장 밝은 색으로",

  hint: "칸을 가리키거나 화살표 키로 칸 사이를 옮겨 다녀 보십시오.",
  noInput: "입력이 비어 있습니다.",
  noOutput: "출력이 비어 있습니다.",
  map: (outputs, inputs) => `어텐션 지도: 가로로 출력 단위 ${grouped(outputs)}개, 세로로 입력 단위 ${grouped(inputs)}개입니다.`,
  keys: "화살표 키로 옮겨 다니고, Home과 End로 가로줄의 처음과 끝으로 가며, Enter로 고릅니다.",
  zoomKeys: "더하기와 빼기 키로 확대하고 축소하며, 0을 누르면 전체를 보여 줍니다.",
  drawing: (outputs, inputs) =>
    `가로로 출력 단위 ${grouped(outputs)}개, 세로로 입력 단위 ${grouped(inputs)}개의 어텐션입니다. 밝을수록 많이 본 것입니다.`,
  drawingScale: (most) => `가장 밝은 색은 ${most}, 곧 이 지도의 가장 큰 가중치입니다.`,

  unit: (side, label, place, count) => [`${side} ‘`, label, place ? `’(${grouped(count)}개 중 ${grouped(place)}번째)` : "’"],
  cell: (weight, output, input) => [weight, " ", ...output, "에서 ", ...input, "에 준 어텐션"],
  looked: (output, parts, all) =>
    parts.length ? [...output, "에서 본 곳: ", ...parts.flatMap((part) => [...part, ", "]), `모두 합해 ${all}`]
      : [...output, "에서는 아무것도 보지 않았습니다"],
  gotten: (input, all, from) => [...input, `에 모인 어텐션: 모두 합해 ${all}`, ...(from.length ? [", 가장 많이 준 것은 ", ...from] : [])],
  chance: (output, share) => [...output, `의 확률: ${percent(share, "ko")}`],
  heldHere: "이곳의 어텐션은 직접 고정한 것입니다.",

  sceneAll: "모든 출력 단위가 본 곳을 합한 것입니다.",
  sceneOne: (output) => [...output, "에서 본 곳입니다."],
  sceneText: (share) => ` 글에 준 어텐션: ${percent(share, "ko")}.`,
  sceneLight: (most) => ` 가장 밝은 빛이 ${most}입니다.`,
  scene: (caption) => `그림. ${caption}`,

  copy: "복사",
  save: "저장",
  copyMap: "지도 복사",
  saveMap: "지도 저장",
  copyAs: (kind) => `지도를 ${kind} 형식으로 복사`,
  saveAs: (kind) => `지도를 ${kind} 형식으로 저장`,
  copied: (kind) => `${kind} 형식으로 복사했습니다`,
  saved: (file) => `${file} 파일로 저장했습니다`,
  closed: (file) => `이 페이지에서는 클립보드를 쓸 수 없어서 ${file} 파일로 저장했습니다`,
  many: (count, decimals, size) =>
    `JSON: 수 ${grouped(count)}개, ${decimals ? `소수점 아래 ${decimals}자리까지 반올림, ` : ""}약 ${size} MB`,

  lookedAtNothing: "가중치가 모두 0입니다. 어떤 입력 단위도 보지 않았습니다.",
  silent: (each, count) => `아무것도 보지 않은 출력 단위가 ${grouped(count)}개 있습니다: ${koreanUnits(each, count)}.`,
  breadth: (mean, several) =>
    several ? `출력 단위 하나가 한 번에 보는 입력 단위는 평균 ${mean}개쯤입니다.` : `출력 단위가 한 번에 보는 입력 단위는 ${mean}개쯤입니다.`,
  extremes: (wide, most, narrow, least) =>
    ` 가장 넓게 보는 것은 ${koreanUnit(wide)}, ${most}개이고, 가장 좁게 보는 것은 ${koreanUnit(narrow)}, ${least}개입니다.`,
  decided: (count, of) => {
    if (count === of) return "모든 출력 단위가 어텐션의 절반이 넘는 몫을 입력 단위 하나에 줍니다.";
    if (!count) return "어텐션의 절반이 넘는 몫을 입력 단위 하나에 주는 출력 단위는 없습니다.";
    return `출력 단위 ${grouped(of)}개 가운데 ${grouped(count)}개가 어텐션의 절반이 넘는 몫을 입력 단위 하나에 줍니다.`;
  },
  covered: "빠뜨린 입력 단위가 없습니다.",
  left: (each, count) => `전혀 보지 않았거나 거의 보지 않은 입력 단위가 ${grouped(count)}개 있습니다: ${koreanUnits(each, count)}.`,
  favourite: (most, total, even) => `어텐션을 가장 많이 받은 입력 단위는 ${koreanUnit(most)}이고, 모두 합해 ${total}입니다. 고르게 나눈다면 ${even}입니다.`,
  still: "처음부터 끝까지 같은 곳을 봅니다.",
  forward: "입력을 처음부터 끝까지 차례로 보며, 한 번도 되돌아가지 않습니다.",
  backward: "입력을 끝에서 처음으로 거슬러 보며, 한 번도 끝 쪽으로 되돌아가지 않습니다.",
  course: (order, forward, back) => {
    const moves = `끝 쪽으로 ${grouped(forward)}번, 처음 쪽으로 ${grouped(back)}번 옮겨 갑니다`;
    if (order > 0) return `대체로 입력의 처음에서 끝으로 갑니다. ${moves}.`;
    if (order < 0) return `대체로 입력의 끝에서 처음으로 갑니다. ${moves}.`;
    return `이리저리 오갑니다. ${moves}.`;
  },
  leastSure: (least, share) => `모델이 가장 자신 없어 한 단위는 ${koreanUnit(least)}이며, 그 확률은 ${percent(share, "ko")}입니다.`,
  ends: (share) => `출력이 여기서 끝날 확률은 ${percent(share, "ko")}입니다.`,
};
