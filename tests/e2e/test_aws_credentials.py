"""Whose keys sign what goes to SNS: those of a machine, a container, a profile, a role, as AWS's SDK
would find them, from an alertmanager.yml as it is. AWS is aws.py, which checks every signature.
"""

import json

import harness
from aws import Aws
from harness import BINARY, ended

TOPIC = "arn:aws:sns:eu-central-1:1:ops"
ROLE = "{role_arn: 'arn:aws:iam::1:role/ops', external_id: '4711'}"

CONFIG = """
route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s}
receivers:
- name: ops
  sns_configs: [{api_url: %s/sns/, topic_arn: '%s', subject: '{{ .GroupLabels.alertname }}', sigv4: %s}]
"""


class TestCase(harness.TestCase):
    def setUp(self):
        self.aws = self.own(Aws({"AKIDPROFILE": "pr0file/s3cret+x="}))

    def config(self, sigv4="{}"):
        return CONFIG % (self.aws.url, TOPIC, sigv4)

    def shared_files(self):
        """The environment that names them."""
        config, credentials = self.folder / "config", self.folder / "credentials"
        config.write_text(
            "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\nexternal_id = 4711 # of the customer\n"
            "source_profile = base\n"
        )
        credentials.write_text(
            "[base]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = pr0file/s3cret+x=\n"
        )
        return {"AWS_CONFIG_FILE": config, "AWS_SHARED_CREDENTIALS_FILE": credentials}

    def without_files(self):
        nowhere = str(self.folder / "nowhere")
        return {"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere}

    def environment(self, **more):
        return self.aws.environment(**{**self.without_files(), **more})

    def alertmanager_with(self, sigv4="{}", **environment):
        made = {name: str(value) for name, value in self.environment(**environment).items()}
        self.daemon = self.alertmanager(self.config(sigv4), environment=made)
        return self.daemon

    def tell(self, *names):
        self.daemon.fire(*names)
        published = self.aws.wait_published(len(names))
        self.assertEqual({form["TopicArn"] for form in published}, {TOPIC})
        self.assertLessEqual(set(names), {form["Subject"] for form in published})
        return self.aws.calls

    def assert_no_secret(self, text):
        for secret in self.aws.secrets():
            self.assertNotIn(secret, text)

    def tearDown(self):
        self.assertEqual(self.aws.problems, [])
        if hasattr(self, "daemon"):
            self.assert_no_secret(self.daemon.process.stderr() + self.daemon.process.stdout())
            self.assert_no_secret(self.daemon.get("/metrics").text)


class Alertmanager(TestCase):
    def test_the_role_of_the_machine(self):
        self.alertmanager_with()
        self.assertEqual(self.tell("One"), ["token", "role", "keys", "Publish by ASIAHOST1"])
        self.daemon.fire("Two")
        self.aws.wait_published(2)
        self.assertEqual(self.aws.calls[4:], ["Publish by ASIAHOST1"])
        self.assertNotIn("not supported", self.daemon.process.stderr())

    def test_many_at_once_ask_the_machine_once(self):
        self.alertmanager_with()
        calls = self.tell(*(f"Alert{number}" for number in range(20)))
        self.assertEqual([call for call in calls if "Publish" not in call], ["token", "role", "keys"])

    def test_a_role_assumed_with_the_keys_of_the_machine(self):
        self.alertmanager_with(ROLE)
        self.assertEqual(
            self.tell("One"),
            ["token", "role", "keys", "AssumeRole by ASIAHOST1", "Publish by ASIAROLE2"],
        )

    def test_a_profile_of_the_shared_files(self):
        self.alertmanager_with("{profile: ops}", **self.shared_files())
        self.assertEqual(
            self.tell("One"), ["AssumeRole by AKIDPROFILE", "Publish by ASIAROLE1"]
        )

    def test_the_web_identity_of_a_pod(self):
        self.aws.identity = "j.w+t/s3cret"
        token = self.folder / "token"
        token.write_text(self.aws.identity + "\n")
        self.alertmanager_with(
            AWS_WEB_IDENTITY_TOKEN_FILE=token, AWS_ROLE_ARN="arn:aws:iam::1:role/pod"
        )
        self.assertEqual(self.tell("One"), ["AssumeRoleWithWebIdentity", "Publish by ASIAWEB1"])

    def test_the_role_of_a_container(self):
        self.aws.container_token = "c0ntainer/s3cret"
        self.alertmanager_with(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.aws.url}/container",
            AWS_CONTAINER_AUTHORIZATION_TOKEN=self.aws.container_token,
        )
        self.assertEqual(self.tell("One"), ["container", "Publish by ASIATASK1"])

    def test_keys_that_expired_are_replaced_and_the_message_arrives(self):
        self.alertmanager_with()
        self.tell("One")
        self.aws.withdraw()
        self.daemon.fire("Two")
        self.aws.wait_published(2)
        self.assertEqual(
            self.aws.calls[4:],
            ["expired ASIAHOST1", "token", "role", "keys", "Publish by ASIAHOST2"],
        )

    def test_keys_that_end_soon_are_renewed(self):
        self.aws.lifetime = 200
        self.alertmanager_with()
        self.tell("One")
        self.daemon.fire("Two")
        self.aws.wait_published(2)
        self.assertEqual(self.aws.calls[4:], ["token", "role", "keys", "Publish by ASIAHOST2"])


class FullDaemon(TestCase):
    def settings(self, **egress):
        sns = {"topic_arn": TOPIC, "api_url": f"{self.aws.url}/sns/"}
        return json.dumps(
            {
                "tocsin": {
                    "host": {"enabled": False},
                    "receivers": [{"name": "hook", "sns": sns}],
                    "egress": egress,
                }
            }
        )

    def start(self, **egress):
        self.daemon = self.tocsin(
            self.settings(**egress),
            [harness.rule("High", "load")],
            environment=self.environment(),
        )
        self.daemon.submit("load", 99)

    def test_a_native_channel_signs_with_the_machines_keys(self):
        self.start()
        self.aws.wait_published(1)
        self.assertEqual(self.aws.calls, ["token", "role", "keys", "Publish by ASIAHOST1"])

    def test_the_policy_holds_for_sns_and_not_for_the_machine(self):
        self.start(deny_private=True)
        harness.wait_until(
            lambda: "refused by tocsin.egress" in self.daemon.process.stderr(),
            what="SNS at loopback to be refused",
        )
        self.assertEqual(self.aws.calls[:3], ["token", "role", "keys"])
        self.assertEqual(self.aws.published, [])


class ReceiverTest(TestCase):
    def tried(self, *arguments, sigv4="{}", **environment):
        file = self.folder / "alertmanager.yml"
        file.write_text(self.config(sigv4))
        made = {name: str(value) for name, value in self.environment(**environment).items()}
        return ended(
            [BINARY, "receiver", "test", f"--config.file={file}", "ops", *arguments],
            environment={"PATH": "/usr/bin:/bin", **made},
        )

    def test_shows_all_calls_and_no_secret(self):
        status, output = self.tried(sigv4=ROLE)
        self.assertEqual(status, 0, output)
        self.assertEqual(len(self.aws.published), 1)
        url = self.aws.url
        for text in (
            f"  > PUT {url}/latest/api/token\n",
            f"  > GET {url}/latest/meta-data/iam/security-credentials/host-role\n",
            f"  > POST {url}/sts/\n",
            f"  > POST {url}/sns/\n",
            "Action=Publish",
            "  delivered\n",
        ):
            self.assertIn(text, output)
        self.assert_no_secret(output)

    def test_renders_the_message_and_asks_nobody(self):
        status, output = self.tried("--render-only", sigv4=ROLE)
        self.assertEqual(status, 0, output)
        self.assertIn(f"  > POST {self.aws.url}/sns/\n", output)
        self.assertIn("Action=Publish", output)
        self.assertEqual(self.aws.calls, [])

    def test_says_what_was_tried_and_what_to_do(self):
        self.aws.role = None
        status, output = self.tried()
        self.assertEqual(status, 1)
        self.assertIn("the machine has no role", output)
        self.assertIn("before, there were none in sigv4.access_key, AWS_ACCESS_KEY_ID", output)
        self.assertIn("give sigv4.access_key and sigv4.secret_key", output)
        status, output = self.tried(sigv4="{profile: nobody}")
        self.assertEqual(status, 1)
        self.assertIn('there is no profile "nobody" of ', output)
        self.aws.role = "host-role"
        status, output = self.tried(sigv4="{role_arn: 'arn:aws:iam::1:role/other'}")
        self.assertEqual(status, 1)
        self.assertIn("HTTP status 403 (AccessDenied)", output)
        self.assertIn("trust policy", output)
        self.assert_no_secret(output)


if __name__ == "__main__":
    harness.main()
