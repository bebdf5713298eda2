"""AWS Health's service codes: the ones this version knows, and how a code is brought to its one spelling.

AWS publishes no list. These codes come from events that were recorded or documented, from the type codes that
notification rules are written for, and from the services' own names; ``aws health describe-event-types`` in an
account with a support plan lists more. A code that is missing here makes a target list no services (D5c), which
is the cautious side; the policy's ``service_aliases`` makes a code known without a new version.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from org_gate.policy.mistakes import nearest

SERVICE_CODES: Final = frozenset(
    """
    ABUSE ACM ACMPCA AMPLIFY APIGATEWAY APPCONFIG APPFLOW APPMESH APPRUNNER APPSTREAM APPSYNC ATHENA AURORA
    AUTOSCALING BACKUP BATCH BEDROCK BILLING CHATBOT CLOUD9 CLOUDFORMATION CLOUDFRONT CLOUDHSM CLOUDSEARCH
    CLOUDSHELL CLOUDTRAIL CLOUDWATCH CODEARTIFACT CODEBUILD CODECOMMIT CODEDEPLOY CODEPIPELINE CODESTAR
    COGNITO COMPREHEND CONFIG CONNECT CONTROLTOWER DATABREW DATASYNC DAX DETECTIVE DIRECTCONNECT
    DIRECTORYSERVICE DMS DOCDB DYNAMODB EBS EC2 ECR ECS EFS EKS ELASTICACHE ELASTICBEANSTALK ELASTICFILESYSTEM
    ELASTICLOADBALANCING ELASTICMAPREDUCE EMR ES EVENTBRIDGE EVENTS FARGATE FIREHOSE FSX GAMELIFT GLACIER
    GLOBALACCELERATOR GLUE GRAFANA GUARDDUTY HEALTH IAM INSPECTOR INTERNETCONNECTIVITY IOT KAFKA KENDRA
    KINESIS KINESISANALYTICS KMS LAKEFORMATION LAMBDA LEX LIGHTSAIL LOGS MACIE MANAGEMENTCONSOLE MARKETPLACE
    MEDIACONVERT MEDIALIVE MEMORYDB MQ MSK MULTIPLE_SERVICES NATGATEWAY NEPTUNE NETWORKFIREWALL OPENSEARCH
    OPSWORKS ORGANIZATIONS OUTPOSTS PINPOINT POLLY PRIVATELINK QUICKSIGHT RAM RDS REDSHIFT REKOGNITION
    RESOURCE_GROUPS RISK ROUTE53 ROUTE53RESOLVER S3 SAGEMAKER SCHEDULER SECRETSMANAGER SECURITY SECURITYHUB
    SERVERLESSREPO SERVICECATALOG SERVICEDISCOVERY SERVICEQUOTAS SES SHIELD SIGNIN SNS SQS SSM SSO STATES
    STEPFUNCTIONS STORAGEGATEWAY STS SUPPORT SWF TEXTRACT TRANSCRIBE TRANSFER TRANSITGATEWAY TRANSLATE VPC VPN
    WAF WORKMAIL WORKSPACES XRAY
    """.split()  # noqa: SIM905  a literal list would be 140 lines that say no more
)


def resolved_aliases(aliases: Mapping[str, str]) -> dict[str, str | None]:
    """What each alias stands for in the end, all in upper case: an alias of an alias too. None where it goes round."""
    next_of = {name.upper(): code.upper() for name, code in aliases.items()}
    return {name: _end(name, next_of) for name in next_of}


def _end(code: str, next_of: Mapping[str, str]) -> str | None:
    for _ in next_of:
        following = next_of.get(code, code)
        if following == code:
            return code
        code = following
    return None if code in next_of else code


class ServiceNames:
    """Codes in their one spelling: upper case, the policy's aliases resolved."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._aliases = {name: code or name for name, code in resolved_aliases(aliases).items()}

    def canonical(self, code: str) -> str:
        upper = code.upper()
        return self._aliases.get(upper, upper)

    def all(self, codes: Iterable[str]) -> frozenset[str]:
        return frozenset(self.canonical(code) for code in codes)

    def spellings(self, codes: Iterable[str]) -> frozenset[str]:
        """Every code, in upper case, that stands for one of these: they themselves and all their aliases."""
        meant = self.all(codes)
        return meant | {name for name, code in self._aliases.items() if code in meant}

    def is_known(self, code: str) -> bool:
        """Whether it is in the shipped list or an alias (D5c)."""
        return code.upper() in SERVICE_CODES or code.upper() in self._aliases

    def nearest(self, code: str) -> str | None:
        """The known code that was probably meant."""
        return nearest(code, sorted(SERVICE_CODES | self._aliases.keys()))
