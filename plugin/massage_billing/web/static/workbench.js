// What HTML alone cannot do; every page works without it.
(function () {
  "use strict";
  var doc = document;

  // "Copy": the text of the element that the button names.
  doc.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button || !navigator.clipboard) { return; }
    var source = doc.getElementById(button.dataset.copy);
    if (!source) { return; }
    navigator.clipboard.writeText(source.textContent).then(function () {
      say(button.dataset.copied || "Copied.");
    });
  });

  doc.addEventListener("click", function (event) {
    if (event.target.closest("[data-print-page]")) { window.print(); }
  });

  // A box in the table's head ticks all boxes below it; how many are ticked is told beside the buttons.
  doc.addEventListener("change", function (event) {
    var box = event.target;
    var form = box.form;
    if (box.matches("[data-all]")) {
      boxes(form).forEach(function (one) { one.checked = box.checked; });
    }
    if (form && form.querySelector("[data-ticked]")) { count(form); }
  });

  function boxes(form) {
    return Array.prototype.slice.call(form.elements).filter(function (one) {
      return one.type === "checkbox" && !one.matches("[data-all]");
    });
  }

  function count(form) {
    var ticked = boxes(form).filter(function (one) { return one.checked; }).length;
    form.querySelector("[data-ticked]").textContent = ticked ? ticked + " ticked" : "None ticked";
  }

  function say(text) {
    var place = doc.getElementById("said");
    if (!place) { return; }
    place.textContent = "";
    var line = doc.createElement("p");
    line.className = "said";
    line.textContent = text;
    place.appendChild(line);
  }

  // Buttons that only work with JavaScript appear with it.
  doc.querySelectorAll("[data-script]").forEach(show);
  doc.addEventListener("htmx:load", function (event) {
    if (event.target.querySelectorAll) { event.target.querySelectorAll("[data-script]").forEach(show); }
  });
  function show(one) { one.hidden = false; }

  // What was swapped in may say where reading goes on.
  doc.addEventListener("htmx:afterSettle", function (event) {
    var told = event.target.querySelector && event.target.querySelector("[data-focus]");
    if (told) { told.focus(); }
  });

  // While something is fetched the page says so to those who do not see it.
  doc.addEventListener("htmx:beforeRequest", function () { doc.body.setAttribute("aria-busy", "true"); });
  doc.addEventListener("htmx:afterRequest", function () { doc.body.removeAttribute("aria-busy"); });
  doc.addEventListener("htmx:sendError", function () { say("The service does not answer. Try again in a moment."); });

  // Printing shows what is folded away.
  window.addEventListener("beforeprint", function () {
    doc.querySelectorAll("details[data-print]").forEach(function (one) { one.open = true; });
  });
})();
