"use strict";
(() => {
  // Who follows a link to a finding wants to read it.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches(".finding")) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
  const box = document.querySelector("#search");
  if (!box) return;
  const matches = document.querySelector("#matches");
  const findings = [...document.querySelectorAll(".finding")];
  const texts = findings.map((finding) => finding.textContent.toLowerCase());
  const folds = [...document.querySelectorAll("details.status, details.rule, details.part")]
    .filter((fold) => fold.querySelector(".finding"))
    .map((fold) => ({ fold, open: fold.open }));
  // More findings than a person reads stay folded.
  const most = 100;
  const search = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    findings.forEach((finding, at) => {
      const hit = words.every((word) => texts[at].includes(word));
      finding.classList.toggle("miss", !hit);
      if (hit) found += 1;
    });
    for (const { fold, open } of folds) {
      const hit = fold.querySelector(".finding:not(.miss)") !== null;
      fold.classList.toggle("miss", !hit);
      fold.open = words.length > 0 && found <= most ? hit : open;
    }
    matches.textContent = words.length > 0 ? `${found} of ${findings.length}` : "";
  };
  let timer;
  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 100);
  });
  box.parentElement.hidden = false;
})();
