/* Makes the treatment log's form quicker: live totals, an end from minutes, rows without a round trip, a search. */
(function () {
    'use strict';
    var top_ = window.top;
    function keepSession() {
        try {
            if (top_ && top_.restoreSession) { top_.restoreSession(); }
        } catch (fault) { /* another site's frame: nothing to restore */ }
    }
    function refreshVisit() {
        try {
            if (window.parent !== window && window.parent.refreshVisitDisplay) { window.parent.refreshVisitDisplay(); }
        } catch (fault) { /* opened by itself */ }
    }
    if (document.querySelector('[role="status"]')) { refreshVisit(); }
    document.addEventListener('click', function (event) {
        if (event.target.closest('a[href]')) { keepSession(); }
    });

    var form = document.getElementById('log-form');
    if (!form) { return; }
    var rows = document.getElementById('log-rows');
    var changed = !!document.querySelector('.alert-danger');

    function field(row, name) { return row.querySelector('[name$="[' + name + ']"]'); }
    function clock(text) {
        var found = /^(\d{1,2}):(\d{2})/.exec(text);
        return found ? +found[1] * 60 + +found[2] : null;
    }
    function written(minutes) {
        var day = ((minutes % 1440) + 1440) % 1440;
        return String(Math.floor(day / 60)).padStart(2, '0') + ':' + String(day % 60).padStart(2, '0');
    }
    function whole(text) { return /^\d+$/.test(text.trim()) ? +text : null; }

    /* What was typed last decides: minutes give the end, an end gives minutes, a moved start moves the end. */
    function settle(row, name) {
        var start = clock(field(row, 'start').value);
        var end = clock(field(row, 'end').value);
        var minutes = whole(field(row, 'minutes').value);
        if (start === null) { return; }
        if (name === 'end' && end !== null) {
            field(row, 'minutes').value = end > start ? String(end - start) : '';
        } else if ((name === 'start' || name === 'minutes') && minutes !== null && minutes > 0 && minutes <= 1440) {
            field(row, 'end').value = written(start + minutes);
        } else if (name === 'start' && minutes === null && end !== null && end > start) {
            field(row, 'minutes').value = String(end - start);
        }
    }

    function read(row) {
        var start = clock(field(row, 'start').value);
        var minutes = whole(field(row, 'minutes').value);
        var end = clock(field(row, 'end').value);
        if (minutes === null && start !== null && end !== null && end > start) { minutes = end - start; }
        var timed = start !== null && minutes > 0;
        return { who: field(row, 'therapist').value, minutes: minutes || 0, from: timed ? start : null, to: timed ? start + minutes : null };
    }
    /* Minutes of one therapist: the time that rows share is counted once. */
    function together(list) {
        var sum = 0, until = -1;
        list.filter(function (one) { return one.from !== null; }).sort(function (a, b) { return a.from - b.from; }).forEach(function (one) {
            sum += Math.max(0, one.to - Math.max(one.from, until));
            until = Math.max(until, one.to);
        });
        return list.reduce(function (all, one) { return all + (one.from === null ? one.minutes : 0); }, sum);
    }
    function total() {
        var by = {}, overall = 0, shared = [], read_ = [];
        Array.prototype.forEach.call(rows.children, function (row, place) {
            if (!field(row, 'remove').checked) {
                var one = read(row);
                one.place = place + 1;
                read_.push(one);
                (by[one.who] = by[one.who] || []).push(one);
            }
        });
        read_.forEach(function (one, at) {
            read_.slice(at + 1).forEach(function (other) {
                if (one.who === other.who && one.from !== null && other.from !== null && one.from < other.to && other.from < one.to) {
                    shared.push(one.place + ' + ' + other.place);
                }
            });
        });
        var each = document.getElementById('log-each');
        each.textContent = '';
        Object.keys(by).forEach(function (who) {
            var sum = together(by[who]);
            overall += sum;
            if (sum > 0) {
                var span = document.createElement('span');
                var option = rows.querySelector('select option[value="' + who + '"]');
                span.className = 'ml-3';
                span.textContent = (who && option ? option.textContent : '?') + ': ' + sum;
                each.appendChild(span);
            }
        });
        document.getElementById('log-overall').textContent = String(overall);
        var warning = document.getElementById('log-overlaps');
        warning.hidden = shared.length === 0;
        warning.textContent = shared.length ? form.dataset.overlap + ' ' + shared.join(', ') : '';
    }

    /* Words of a chosen code, from the lists of the page. */
    function words(input) {
        var place = input.parentNode.querySelector('.log-words');
        if (!place) { return; }
        var list = document.getElementById(input.getAttribute('list'));
        var code = input.value.trim().toUpperCase().split(/[-: ]/)[0];
        var found = Array.prototype.find.call(list.options, function (option) { return option.value.toUpperCase() === code; });
        place.textContent = found ? found.textContent : '';
        place.title = place.textContent;
    }
    var waiting = null;
    function search(input) {
        var asked = input.value.trim();
        var list = document.getElementById(input.getAttribute('list'));
        clearTimeout(waiting);
        if (asked.length < 2) { return; }
        waiting = setTimeout(function () {
            keepSession();
            fetch(form.dataset.find + encodeURIComponent(input.dataset.kind) + '&q=' + encodeURIComponent(asked), { credentials: 'same-origin' })
                .then(function (answer) { return answer.ok ? answer.json() : { found: [] }; })
                .then(function (answer) {
                    var known = Array.prototype.map.call(list.options, function (option) { return option.value; });
                    answer.found.forEach(function (one) {
                        if (known.indexOf(one.code) < 0) {
                            var option = document.createElement('option');
                            option.value = one.code;
                            option.textContent = one.text;
                            list.appendChild(option);
                        }
                    });
                    words(input);
                })
                .catch(function () { /* the code can be typed without the list */ });
        }, 250);
    }

    function add() {
        var number = rows.children.length + 1;
        var next = Math.max(-1, Array.prototype.reduce.call(rows.querySelectorAll('[name^="rows["]'), function (most, input) {
            return Math.max(most, +/^rows\[(\d+)\]/.exec(input.name)[1]);
        }, -1)) + 1;
        var html = document.getElementById('log-row-template').innerHTML.replace(/__N__/g, String(next)).replace(/__M__/g, String(number));
        rows.insertAdjacentHTML('beforeend', html);
        var row = rows.lastElementChild;
        var before = row.previousElementSibling;
        if (before) {
            field(row, 'therapist').value = field(before, 'therapist').value;
            field(row, 'diagnosis').value = field(before, 'diagnosis').value;
            words(field(row, 'diagnosis'));
        }
        field(row, 'code').focus();
        changed = true;
        total();
    }

    form.addEventListener('input', function (event) {
        var row = event.target.closest('.log-row');
        changed = true;
        if (!row) { return; }
        if (event.target.dataset.kind) {
            words(event.target);
            search(event.target);
        }
        total();
    });
    form.addEventListener('change', function (event) {
        var row = event.target.closest('.log-row');
        if (!row) { return; }
        var name = /\[(\w+)\]$/.exec(event.target.name);
        settle(row, name ? name[1] : '');
        row.classList.toggle('text-muted', field(row, 'remove').checked);
        total();
    });
    document.getElementById('log-add').addEventListener('click', function (event) {
        event.preventDefault();
        add();
    });
    form.addEventListener('submit', function () {
        changed = false;
        keepSession();
    });
    window.addEventListener('beforeunload', function (event) {
        if (changed) {
            event.preventDefault();
            event.returnValue = '';
        }
    });
    form.querySelectorAll('[data-kind]').forEach(words);
    total();
    var wrong = form.querySelector('.is-invalid');
    if (wrong && document.querySelector('.alert-danger')) { wrong.focus(); }
}());
