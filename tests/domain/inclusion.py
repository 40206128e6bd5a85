# SPDX-License-Identifier: Apache-2.0
"""inclusion.py SLUG: reads data-inclusion.jsonl and holds it against the rules of data·inclusion's
schema 1.0 (required members, enumerations, shapes, references). One line for each breach; exit 1."""
import datetime
import json
import re
import sys

SOURCE = 'essaim-' + sys.argv[1]
ID = re.compile(re.escape(SOURCE) + r'--[0-7][0-9A-HJKMNP-TV-Z]{25}$')
INSEE = r'(?:0[1-9]|[1-8]\d|9[0-5]|2[AB])\d{3}|97[1-8]\d\d|98[4-9]\d\d'
SHAPES = {
    'id': ID, 'structure_id': ID,
    'source': re.compile(re.escape(SOURCE) + '$'),
    'siret': re.compile(r'\d{14}$'),
    'code_postal': re.compile(r'\d{5}$'),
    'code_insee': re.compile('(?:%s)$' % INSEE),
    'date_maj': re.compile(r'\d{4}-\d\d-\d\d$'),
    'courriel': re.compile(r'[^@\s]+@[^@\s]+$'),
}
TYPES = {'accompagnement', 'aide-financiere', 'aide-materielle', 'atelier', 'formation', 'information'}
ZONE = re.compile(r'(?:%s|\d{9}|\d\d|2[AB]|97[1-8])$' % INSEE)
STRUCTURE = {'source', 'id', 'nom', 'date_maj'}
STRUCTURE_MAY = {'description', 'lien_source', 'siret', 'commune', 'code_postal', 'code_insee', 'adresse', 'complement_adresse',
                 'longitude', 'latitude', 'telephone', 'courriel', 'site_web', 'horaires_accueil', 'accessibilite_lieu',
                 'reseaux_porteurs'}
SERVICE = {'source', 'structure_id', 'id', 'nom', 'description', 'date_maj'}
SERVICE_MAY = {'type', 'thematiques', 'frais', 'zone_eligibilite', 'contact_nom_prenom', 'lien_mobilisation'}
ids, breaches, services = set(), 0, False


def say(number, what):
    global breaches
    breaches += 1
    print('line %d: %s' % (number, what))


for number, line in enumerate(sys.stdin, 1):
    o = json.loads(line)
    service = 'structure_id' in o
    need, may = (SERVICE, SERVICE_MAY) if service else (STRUCTURE, STRUCTURE_MAY)
    for key in sorted(need - o.keys()):
        say(number, 'no ' + key)
    for key in sorted(o.keys() - need - may):
        say(number, 'unknown member ' + key)
    for key, shape in SHAPES.items():
        if key in o and not shape.match(o[key]):
            say(number, 'bad ' + key)
    if any(value in ('', None, []) for key, value in o.items() if key != 'zone_eligibilite'):
        say(number, 'an empty member')
    if not 3 <= len(o.get('nom', '')) <= 150:
        say(number, 'bad length of nom')
    if not '2000-01-01' <= o.get('date_maj', '') <= datetime.date.today().isoformat():
        say(number, 'date_maj too early or in the future')
    if ('longitude' in o) != ('latitude' in o) or not -180 <= o.get('longitude', 0) <= 180 or not -90 <= o.get('latitude', 0) <= 90:
        say(number, 'bad point')
    if o.get('id') in ids:
        say(number, 'id twice')
    if service and o['structure_id'] not in ids:
        say(number, 'its structure is not in the file before it')
    if service and ('type' in o and o['type'] not in TYPES or o.get('frais', 'gratuit') not in ('gratuit', 'payant')):
        say(number, 'bad type or frais')
    if any(not ZONE.match(zone) for zone in o.get('zone_eligibilite', [])):
        say(number, 'bad zone_eligibilite')
    if services and not service:
        say(number, 'a structure after the services')
    services = services or service
    ids.add(o.get('id'))
print('%d objects, %d breaches' % (len(ids), breaches))
sys.exit(breaches > 0 or not ids)
